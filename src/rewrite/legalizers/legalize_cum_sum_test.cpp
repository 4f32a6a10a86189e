#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeCumSum, BecomesATriangle) {
  auto model =
      text_model(R"(g (float[2, 3] x) => (float[2, 3] y) <int64 a = {0}> { y = CumSum(x, a) })");
  EXPECT_EQ(run_legalizer("legalize_cum_sum", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Transpose", "MatMul", "Transpose"}));
}

TEST(LegalizeCumSum, IntegersStay) {
  auto model =
      text_model(R"(g (int32[2, 3] x) => (int32[2, 3] y) <int64 a = {0}> { y = CumSum(x, a) })");
  const PassOutcome outcome = run_legalizer("legalize_cum_sum", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("not float32"));
}

}  // namespace
}  // namespace acuate
