#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(DynamicOutput, ThatFollowsAnInputIsFixedWithIt) {
  const char* net = "g (float[n, 4] x) => (float[n, 4] y) { [r] y = Relu(x) }";
  const Finding finding = only(findings_of("dynamic_output", net));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_THAT(finding.nodes, ElementsAre("y"));
  EXPECT_THAT(finding.cause, HasSubstr("as large as the input makes it"));
  EXPECT_THAT(finding.fix, ElementsAre("set-shape x D0 4"));
  EXPECT_THAT(only(findings_of("dynamic_output", net, "vsi_npu", with_shape("x=2x4"))).fix,
              ElementsAre("set-shape x 2 4"));
}

TEST(DynamicOutput, ThatValuesDecideNeedsACut) {
  const Finding finding =
      only(findings_of("dynamic_output", R"(g (float[1,1,4,4] x) => (int64[4, k] i)
      <float[1,1,1,1] w = {2}> {
    [conv] c = Conv(x, w)
    [nz] i = NonZero(c)
  })"));
  EXPECT_THAT(finding.cause, HasSubstr("as its values decide"));
  EXPECT_THAT(finding.evidence, HasSubstr("from data of NonZero 'nz'"));
  EXPECT_THAT(finding.fix, ElementsAre("cut-at c"));
}

TEST(DynamicOutput, LeavesFixedOnesAndTargetsThatTakeAny) {
  EXPECT_THAT(findings_of("dynamic_output", "g (float[2] x) => (float[2] y) { y = Relu(x) }"),
              IsEmpty());
  EXPECT_THAT(findings_of("dynamic_output", "g (float[n] x) => (float[n] y) { y = Relu(x) }",
                          "onnxruntime"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
