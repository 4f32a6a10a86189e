#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeConvGroup, OneConvolutionForEachGroup) {
  auto model = text_model(R"(g (float[1, 2, 3] x) => (float[1, 2, 3] y)
    <float[2, 1, 1] w = {2.0, 3.0}> { y = Conv<group = 2>(x, w) })");
  EXPECT_EQ(run_legalizer("legalize_conv_group", *model).applied, 1U);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"Slice", "Conv", "Slice", "Conv", "Concat"}));
}

TEST(LegalizeConvGroup, OneGroupStays) {
  auto model = text_model(R"(g (float[1, 1, 3] x) => (float[1, 1, 3] y)
    <float[1, 1, 1] w = {2.0}> { y = Conv(x, w) })");
  const PassOutcome outcome = run_legalizer("legalize_conv_group", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("one group"));
}

}  // namespace
}  // namespace acuate
