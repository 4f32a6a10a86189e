#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeDenseConv, RowsBecomePixels) {
  auto model = text_model(R"(g (float[2, 3, 2] x) => (float[2, 3, 1] y)
    <float[2, 1] w = {2.0, 3.0}> { y = MatMul(x, w) })");
  EXPECT_EQ(run_legalizer("legalize_dense_conv", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Reshape", "Conv", "Reshape"}));
}

TEST(LegalizeDenseConv, ComputedMatricesStay) {
  auto model =
      text_model("g (float[2, 3] x, float[3, 4] w) => (float[2, 4] y) { y = MatMul(x, w) }");
  const PassOutcome outcome = run_legalizer("legalize_dense_conv", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("not a constant matrix"));
}

}  // namespace
}  // namespace acuate
