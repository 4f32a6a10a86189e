#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeLogSumExp, TakesTheLargestOff) {
  auto model =
      text_model(R"(g (float[2, 3] x) => (float[2, 1] y) { y = ReduceLogSumExp<axes = [-1]>(x) })");
  EXPECT_EQ(run_legalizer("legalize_log_sum_exp", *model).applied, 1U);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"ReduceMax", "Sub", "Exp", "ReduceSum", "Log", "Add"}));
}

TEST(LegalizeLogSumExp, ComputedAxesStay) {
  auto model = text_model(R"(g (float[2, 3] x, int64[1] a) => (y) { y = ReduceLogSumExp(x, a) })");
  model->set_opset("", 18);
  infer_shapes(*model);
  const PassOutcome outcome = run_legalizer("legalize_log_sum_exp", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its axes are not constant"));
}

}  // namespace
}  // namespace acuate
