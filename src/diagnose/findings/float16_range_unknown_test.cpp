#include "diagnose/test_support.h"

namespace acuate {
namespace {

// That the pipeline makes it where it should, and only there, is tested in the room convert.
TEST(Float16RangeUnknown, IsMadeByThePipelineAlone) {
  const Finding finding = new_finding("float16_range_unknown");
  EXPECT_EQ(finding.id, "float16_range_unknown");
  EXPECT_EQ(finding.severity, Severity::Warning);
  EXPECT_THAT(findings_of("float16_range_unknown", "g (float[2] x) => (float[2] y) { y = Relu(x) }",
                          "onnxruntime"),
              testing::IsEmpty());
}

}  // namespace
}  // namespace acuate
