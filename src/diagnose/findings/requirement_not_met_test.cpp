#include "diagnose/test_support.h"

namespace acuate {
namespace {

// That the pipeline makes it where it should, and only there, is tested in the room convert.
TEST(RequirementNotMet, IsMadeByThePipelineAlone) {
  const Finding finding = new_finding("requirement_not_met");
  EXPECT_EQ(finding.id, "requirement_not_met");
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_THAT(findings_of("requirement_not_met", "g (float[2] x) => (float[2] y) { y = Relu(x) }",
                          "onnxruntime"),
              testing::IsEmpty());
}

}  // namespace
}  // namespace acuate
