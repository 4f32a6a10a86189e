#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeWhere, FiniteChoicesBecomeProducts) {
  auto model = text_model(
      R"(g (bool[2] c) => (float[2] y) <float a = {1.0}, float[2] b = {0.0, -3.0}> { y = Where(c, a, b) })");
  EXPECT_EQ(run_legalizer("legalize_where", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Cast", "Sub", "Mul", "Mul", "Add"}));
}

TEST(LegalizeWhere, InfinityStays) {
  auto model = text_model(
      R"(g (bool[2] c, float[2] x) => (float[2] y) <float a = {1.0}> { y = Where(c, a, x) })");
  const PassOutcome outcome = run_legalizer("legalize_where", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("not constants of finite floats"));
}

}  // namespace
}  // namespace acuate
