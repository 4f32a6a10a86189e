#include "diagnose/test_support.h"

namespace acuate {
namespace {

// That the pipeline makes it where it should, and only there, is tested in the room convert.
TEST(PrecisionUnproven, IsMadeByThePipelineAlone) {
  const Finding finding = new_finding("precision_unproven");
  EXPECT_EQ(finding.id, "precision_unproven");
  EXPECT_EQ(finding.severity, Severity::Info);
  EXPECT_THAT(findings_of("precision_unproven", "g (float[2] x) => (float[2] y) { y = Relu(x) }",
                          "onnxruntime"),
              testing::IsEmpty());
}

}  // namespace
}  // namespace acuate
