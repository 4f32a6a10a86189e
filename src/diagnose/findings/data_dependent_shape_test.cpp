#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(DataDependentShape, TellsWhatValuesDecide) {
  const Finding finding =
      only(findings_of("data_dependent_shape", R"(g (float[4] x) => (int64[1, n] i) {
    [nz] i = NonZero(x)
  })"));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_THAT(finding.nodes, ElementsAre("nz"));
  EXPECT_THAT(finding.cause, HasSubstr("NonZero"));
}

TEST(DataDependentShape, TellsAShapeThatIsAnInput) {
  const Finding finding =
      only(findings_of("data_dependent_shape",
                       "g (float[4] x, int64[2] s) => (float[a, b] y) { [r] y = Reshape(x, s) }"));
  EXPECT_THAT(finding.evidence, HasSubstr("'s'"));
}

// The exporter's usual scaffold: a constant as soon as the input is fixed.
TEST(DataDependentShape, IsNotAShapeComputedFromDimensions) {
  EXPECT_THAT(findings_of("data_dependent_shape", R"(g (float[n, 6] x) => (float[a, b] y)
      <int64[1] zero = {0}, int64[1] two = {2}, int64[1] rest = {-1}> {
    s = Shape(x)
    n = Gather(s, zero)
    m = Mul(n, two)
    t = Concat <axis = 0> (m, rest)
    y = Reshape(x, t)
  })"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
