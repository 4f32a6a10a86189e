#include "diagnose/test_support.h"

namespace acuate {
namespace {

// That the pipeline makes it where it should, and only there, is tested in the room convert.
TEST(SampleOverlap, IsMadeByThePipelineAlone) {
  const Finding finding = new_finding("sample_overlap");
  EXPECT_EQ(finding.id, "sample_overlap");
  EXPECT_EQ(finding.severity, Severity::Warning);
  EXPECT_THAT(findings_of("sample_overlap", "g (float[2] x) => (float[2] y) { y = Relu(x) }",
                          "onnxruntime"),
              testing::IsEmpty());
}

}  // namespace
}  // namespace acuate
