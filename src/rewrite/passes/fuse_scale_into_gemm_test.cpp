#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(FuseScaleIntoGemm, ScaleOfAMatMulOfAnyRank) {
  auto model = text_model(
      R"(g (float[N,3,1] x) => (float[N,3,2] y) <float[1,2] w = {2.0, 3.0}, float[2] s = {10.0, 100.0}> {
    m = MatMul(x, w)  y = Mul(s, m) })");
  EXPECT_EQ(apply("fuse_scale_into_gemm", *model).applied, 1U);
  ASSERT_EQ(operators(*model), std::vector<std::string>{"MatMul"});
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(1)),
            (std::vector<float>{20, 300}));
}

TEST(FuseScaleIntoGemm, BiasOfMatricesScaledAfterwards) {
  auto model = text_model(
      R"(g (float[3,1] x) => (float[3,2] y) <float[1,2] w = {2.0, 3.0}, float[1,2] b = {1.0, 2.0}, float four = {4.0}> {
    m = MatMul(x, w)  a = Sub(m, b)  y = Div(a, four) })");
  EXPECT_EQ(apply("fuse_scale_into_gemm", *model).applied, 2U);
  ASSERT_EQ(operators(*model), std::vector<std::string>{"Gemm"});
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(1)),
            (std::vector<float>{0.5, 0.75}));
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(2)),
            (std::vector<float>{-0.25, -0.5}));
}

TEST(FuseScaleIntoGemm, ABiasAlongRowsOrOfAStackStays) {
  auto model = text_model(
      R"(g (float[2,1] x, float[4,2,1] z) => (float[2,2] y, float[4,2,2] u) <float[1,2] w = {2.0, 3.0}, float[2,1] rows = {1.0, 2.0}, float[2] b = {1.0, 2.0}> {
    m = MatMul(x, w)  y = Add(m, rows)  n = MatMul(z, w)  u = Add(n, b) })");
  const auto outcome = apply("fuse_scale_into_gemm", *model);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_THAT(reasons(outcome), testing::UnorderedElementsAre(testing::HasSubstr("another axis"),
                                                              testing::HasSubstr("no bias")));
}

TEST(FuseScaleIntoGemm, TiedWeightsAreCopiedWithinTheLimitOnly) {
  const char* graph =
      R"(g (float[3,1] x) => (float[3,2] y, float[3,2] z) <float[1,2] w = {2.0, 3.0}, float two = {2.0}> {
    m = MatMul(x, w)  y = Mul(m, two)  z = MatMul(x, w) })";
  auto copied = text_model(graph);
  EXPECT_EQ(apply("fuse_scale_into_gemm", *copied).applied, 1U);
  EXPECT_EQ(constant_values(*copied, copied->graph().last()->input(1)), (std::vector<float>{2, 3}));
  auto kept = text_model(graph);
  PassContext context;
  context.max_folded_bytes = 4;
  const auto outcome = apply("fuse_scale_into_gemm", *kept, context);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("serve other nodes too"));
}

TEST(FuseScaleIntoGemm, WeightsThatWouldOverflowStay) {
  auto model = text_model(
      R"(g (float[3,1] x) => (float[3,2] y) <float[1,2] w = {2.0, 1e30}, float s = {1e30}> {
    m = MatMul(x, w)  y = Mul(m, s) })");
  const auto outcome = apply("fuse_scale_into_gemm", *model);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("range of float32"));
}

}  // namespace
}  // namespace acuate
