#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ControlFlow, IsRefusedWithItsBodies) {
  const std::string graph = R"(g (bool[1] c, float[2] x) => (float[2] y) {
    y = If (c) <then_branch = a () => (float[2] p) { p = Round(x) },
                else_branch = b () => (float[2] q) { q = Neg(x) }>
  })";
  const Finding finding = only(findings_of("control_flow", graph));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_EQ(finding.target, "vsi_npu");
  EXPECT_THAT(finding.nodes, ElementsAre("@y"));
  EXPECT_THAT(finding.cause, HasSubstr("If"));
  // Round is not taken either, but it goes with the If that holds it.
  EXPECT_THAT(findings_of("unsupported_operator", graph), IsEmpty());
}

TEST(ControlFlow, IsTakenByATargetThatHasIt) {
  EXPECT_THAT(findings_of("control_flow", R"(g (bool[1] c, float[2] x) => (float[2] y) {
    y = If (c) <then_branch = a () => (float[2] p) { p = Neg(x) },
                else_branch = b () => (float[2] q) { q = Abs(x) }>
  })",
                          "onnxruntime"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
