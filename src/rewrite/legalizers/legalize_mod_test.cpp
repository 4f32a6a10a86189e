#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeMod, IntegersBecomeTwoRemainders) {
  auto model = text_model(R"(g (int32[4] x) => (int32[4] y) <int32 d = {3}> { y = Mod(x, d) })");
  EXPECT_EQ(run_legalizer("legalize_mod", *model).applied, 1U);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"Div", "Mul", "Sub", "Add", "Div", "Mul", "Sub"}));
}

TEST(LegalizeMod, ADivisorThatRoundsStays) {
  auto model =
      text_model(R"(g (float[4] x) => (float[4] y) <float d = {3.0}> { y = Mod<fmod = 1>(x, d) })");
  const PassOutcome outcome = run_legalizer("legalize_mod", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its divisor is not 1, 2, 4"));
}

}  // namespace
}  // namespace acuate
