#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizePow, ACubeBecomesProducts) {
  auto model = text_model(R"(g (float[4] x) => (float[4] y) <float p = {3.0}> { y = Pow(x, p) })");
  EXPECT_EQ(run_legalizer("legalize_pow", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Mul", "Mul"}));
}

TEST(LegalizePow, AnotherExponentStays) {
  auto model = text_model(R"(g (float[4] x) => (float[4] y) <float p = {2.5}> { y = Pow(x, p) })");
  const PassOutcome outcome = run_legalizer("legalize_pow", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its exponent is not one of"));
}

}  // namespace
}  // namespace acuate
