#include "diagnose/test_support.h"

namespace acuate {
namespace {

// That data make it where they should, and only there, is tested in the room convert.
TEST(Normalisation, IsMadeOfDataAlone) {
  const Finding finding = new_finding("normalisation");
  EXPECT_EQ(finding.id, "normalisation");
  EXPECT_EQ(finding.severity, Severity::Warning);
  EXPECT_THAT(
      findings_of("normalisation", "g (float[2] x) => (float[2] y) { y = Relu(x) }", "onnxruntime"),
      testing::IsEmpty());
}

}  // namespace
}  // namespace acuate
