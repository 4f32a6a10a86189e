#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeVariadic, BecomesAChain) {
  auto model =
      text_model(R"(g (float[4] a, float[4] b, float[4] c) => (float[4] y) { y = Mean(a, b, c) })");
  EXPECT_EQ(run_legalizer("legalize_variadic", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Add", "Add", "Mul"}));
}

TEST(LegalizeVariadic, TwoStay) {
  auto model = text_model(R"(g (float[4] a, float[4] b) => (float[4] y) { y = Max(a, b) })");
  const PassOutcome outcome = run_legalizer("legalize_variadic", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("too few inputs"));
}

}  // namespace
}  // namespace acuate
