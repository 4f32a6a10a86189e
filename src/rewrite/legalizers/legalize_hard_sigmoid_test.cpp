#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeHardSigmoid, BecomesClippedLine) {
  auto model = text_model(R"(g (float[4] x) => (float[4] y) { y = HardSigmoid<alpha = 0.25>(x) })");
  EXPECT_EQ(run_legalizer("legalize_hard_sigmoid", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Mul", "Add", "Clip"}));
}

TEST(LegalizeHardSigmoid, Float16Stays) {
  auto model = text_model(R"(g (float16[4] x) => (float16[4] y) { y = HardSigmoid(x) })");
  const PassOutcome outcome = run_legalizer("legalize_hard_sigmoid", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its elements are float16"));
}

}  // namespace
}  // namespace acuate
