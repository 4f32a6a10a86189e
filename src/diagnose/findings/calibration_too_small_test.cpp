#include "diagnose/test_support.h"

namespace acuate {
namespace {

// That it is made where a set is too small, and only there, is tested in the room convert.
TEST(CalibrationTooSmall, IsMadeOfDataAlone) {
  const Finding finding = new_finding("calibration_too_small");
  EXPECT_EQ(finding.id, "calibration_too_small");
  EXPECT_EQ(finding.severity, Severity::Warning);
  EXPECT_THAT(findings_of("calibration_too_small", "g (float[2] x) => (float[2] y) { y = Relu(x) }",
                          "onnxruntime"),
              testing::IsEmpty());
}

}  // namespace
}  // namespace acuate
