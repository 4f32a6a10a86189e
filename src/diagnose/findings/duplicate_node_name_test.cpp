#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(DuplicateNodeName, IsTold) {
  const Finding finding = only(findings_of(
      "duplicate_node_name", R"(g (float[2] x) => (float[2] y) { [a] p = Neg(x) [a] y = Abs(p) })",
      "onnxruntime"));
  EXPECT_EQ(finding.severity, Severity::Warning);
  EXPECT_EQ(finding.target, "");
  EXPECT_THAT(finding.nodes, ElementsAre("a"));
  EXPECT_THAT(finding.evidence, HasSubstr("two nodes are called 'a'"));
}

TEST(DuplicateNodeName, IsNotToldOfASoundModel) {
  EXPECT_THAT(findings_of("duplicate_node_name",
                          "g (float[2] x) => (float[2] y) { [n] y = Relu(x) }", "onnxruntime"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
