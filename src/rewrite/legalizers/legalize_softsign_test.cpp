#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeSoftsign, BecomesQuotient) {
  auto model = text_model(R"(g (float[4] x) => (float[4] y) { y = Softsign(x) })");
  EXPECT_EQ(run_legalizer("legalize_softsign", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Abs", "Add", "Div"}));
}

TEST(LegalizeSoftsign, IntegersStay) {
  auto model = text_model(R"(g (int32[4] x) => (int32[4] y) { y = Softsign(x) })");
  const PassOutcome outcome = run_legalizer("legalize_softsign", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its elements are int32"));
}

}  // namespace
}  // namespace acuate
