#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeConv1d, GetsASecondAxis) {
  auto model = text_model(
      R"(g (float[1, 2, l] x, float[3, 2, 3] w) => (y) { y = Conv<pads = [1, 0], strides = [2]>(x, w) })");
  EXPECT_EQ(run_legalizer("legalize_conv_1d", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Reshape", "Reshape", "Conv", "Reshape"}));
}

TEST(LegalizeConv1d, TwoAxesStay) {
  auto model =
      text_model(R"(g (float[1, 2, 4, 4] x, float[3, 2, 3, 3] w) => (y) { y = Conv(x, w) })");
  const PassOutcome outcome = run_legalizer("legalize_conv_1d", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("another number of spatial axes"));
}

}  // namespace
}  // namespace acuate
