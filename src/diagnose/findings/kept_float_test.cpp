#include "diagnose/test_support.h"

namespace acuate {
namespace {

// That the pipeline makes it where it should, and only there, is tested in the room convert.
TEST(KeptFloat, IsMadeByThePipelineAlone) {
  const Finding finding = new_finding("kept_float");
  EXPECT_EQ(finding.id, "kept_float");
  EXPECT_EQ(finding.severity, Severity::Info);
  EXPECT_THAT(
      findings_of("kept_float", "g (float[2] x) => (float[2] y) { y = Relu(x) }", "onnxruntime"),
      testing::IsEmpty());
}

}  // namespace
}  // namespace acuate
