#include "diagnose/test_support.h"

namespace acuate {
namespace {

// That the pipeline makes it where it should, and only there, is tested in the room convert.
TEST(NoEvaluationData, IsMadeByThePipelineAlone) {
  const Finding finding = new_finding("no_evaluation_data");
  EXPECT_EQ(finding.id, "no_evaluation_data");
  EXPECT_EQ(finding.severity, Severity::Warning);
  EXPECT_THAT(findings_of("no_evaluation_data", "g (float[2] x) => (float[2] y) { y = Relu(x) }",
                          "onnxruntime"),
              testing::IsEmpty());
}

}  // namespace
}  // namespace acuate
