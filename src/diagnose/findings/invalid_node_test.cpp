#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(InvalidNode, IsTold) {
  const Finding finding = only(findings_of(
      "invalid_node", R"(g (float[2] x) => (float[2] y) { [a] y = Relu(x, x) })", "onnxruntime"));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_EQ(finding.target, "");
  EXPECT_THAT(finding.nodes, ElementsAre("a"));
  EXPECT_THAT(finding.evidence, HasSubstr("Relu"));
}

TEST(InvalidNode, IsNotToldOfASoundModel) {
  EXPECT_THAT(findings_of("invalid_node", "g (float[2] x) => (float[2] y) { [n] y = Relu(x) }",
                          "onnxruntime"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
