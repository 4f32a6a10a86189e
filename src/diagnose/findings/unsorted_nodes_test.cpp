#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(UnsortedNodes, IsTold) {
  const Finding finding = only(findings_of(
      "unsorted_nodes", R"(g (float[2] x) => (float[2] y) { [a] y = Neg(p) [b] p = Abs(x) })",
      "onnxruntime"));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_EQ(finding.target, "");
  EXPECT_THAT(finding.nodes, ElementsAre("a"));
  EXPECT_THAT(finding.evidence, HasSubstr("stands before the producer of its input 'p'"));
}

TEST(UnsortedNodes, IsNotToldOfASoundModel) {
  EXPECT_THAT(findings_of("unsorted_nodes", "g (float[2] x) => (float[2] y) { [n] y = Relu(x) }",
                          "onnxruntime"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
