#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(FoldGemmFactors, IntoWeightsAndBias) {
  auto model = text_model(
      R"(g (float[3,1] x) => (float[3,2] y) <float[1,2] w = {2.0, 3.0}, float[2] b = {1.0, 2.0}> {
    y = Gemm<alpha = 0.5, beta = 4.0>(x, w, b) })");
  EXPECT_EQ(apply("fold_gemm_factors", *model).applied, 1U);
  const Node& gemm = *model->graph().first();
  EXPECT_EQ(constant_values(*model, gemm.input(1)), (std::vector<float>{1, 1.5}));
  EXPECT_EQ(constant_values(*model, gemm.input(2)), (std::vector<float>{4, 8}));
  EXPECT_TRUE(gemm.attributes().empty());
  EXPECT_EQ(apply("fold_gemm_factors", *model).applied, 0U);
}

TEST(FoldGemmFactors, ComputedOperandsAndTiedWeightsStay) {
  auto model = text_model(
      R"(g (float[3,1] x, float[1,2] v) => (float[3,2] y, float[3,2] z) <float[1,2] w = {2.0, 3.0}> {
    y = Gemm<alpha = 0.5>(x, v)  z = Gemm<alpha = 0.5>(y, w)  u = MatMul(x, w) })");
  PassContext context;
  context.max_folded_bytes = 4;
  const auto outcome = apply("fold_gemm_factors", *model, context);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_EQ(outcome.misses.size(), 2U);
}

}  // namespace
}  // namespace acuate
