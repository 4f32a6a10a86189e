#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeHardSwish, BecomesGateAndProduct) {
  auto model = text_model(R"(g (float[4] x) => (float[4] y) { y = HardSwish(x) })");
  EXPECT_EQ(run_legalizer("legalize_hard_swish", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"HardSigmoid", "Mul"}));
}

TEST(LegalizeHardSwish, IntegersStay) {
  auto model = text_model(R"(g (int32[4] x) => (int32[4] y) { y = HardSwish(x) })");
  const PassOutcome outcome = run_legalizer("legalize_hard_swish", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its elements are int32"));
}

}  // namespace
}  // namespace acuate
