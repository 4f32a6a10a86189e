#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Cycle, IsTold) {
  const Finding finding = only(
      findings_of("cycle", R"(g (float[2] x) => (float[2] y) { [a] p = Add(x, y) [b] y = Neg(p) })",
                  "onnxruntime"));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_EQ(finding.target, "");
  EXPECT_THAT(finding.nodes, ElementsAre("a"));
  EXPECT_THAT(finding.evidence, HasSubstr("2 nodes lie on a cycle"));
}

TEST(Cycle, IsNotToldOfASoundModel) {
  EXPECT_THAT(
      findings_of("cycle", "g (float[2] x) => (float[2] y) { [n] y = Relu(x) }", "onnxruntime"),
      IsEmpty());
}

}  // namespace
}  // namespace acuate
