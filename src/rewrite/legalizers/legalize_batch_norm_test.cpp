#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeBatchNorm, BecomesScaleAndOffset) {
  auto model = text_model(
      R"(g (float[2, 2, 3] x) => (float[2, 2, 3] y) <float[2] s = {1.0, 2.0}> { y = BatchNormalization(x, s, s, s, s) })");
  EXPECT_EQ(run_legalizer("legalize_batch_norm", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Mul", "Add"}));
}

TEST(LegalizeBatchNorm, ComputedParametersStay) {
  auto model = text_model(
      R"(g (float[2, 2, 3] x, float[2] s) => (float[2, 2, 3] y) { y = BatchNormalization(x, s, s, s, s) })");
  const PassOutcome outcome = run_legalizer("legalize_batch_norm", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("not constants"));
}

}  // namespace
}  // namespace acuate
