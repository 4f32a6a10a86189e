#include "diagnose/test_support.h"

namespace acuate {
namespace {

// That the pipeline makes it where it should, and only there, is tested in the room convert.
TEST(PrecisionNotAvailable, IsMadeByThePipelineAlone) {
  const Finding finding = new_finding("precision_not_available");
  EXPECT_EQ(finding.id, "precision_not_available");
  EXPECT_EQ(finding.severity, Severity::Warning);
  EXPECT_THAT(findings_of("precision_not_available",
                          "g (float[2] x) => (float[2] y) { y = Relu(x) }", "onnxruntime"),
              testing::IsEmpty());
}

}  // namespace
}  // namespace acuate
