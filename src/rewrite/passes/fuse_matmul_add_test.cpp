#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

TEST(FuseMatmulAdd, AComputedSummandComesFirst) {
  auto model = text_model(
      R"(g (float[N,3] a, float[3,4] b, float[4] s) => (float[N,4] y) {
    m = MatMul(a, b)  c = Relu(s)  y = Add(c, m) })");
  EXPECT_EQ(apply("fuse_matmul_add", *model).applied, 1U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Relu", "Gemm"}));
  const Node& gemm = *model->graph().last();
  EXPECT_EQ(gemm.input(2)->name, "c");
  EXPECT_EQ(gemm.output()->name, "y");
  EXPECT_EQ(origins(gemm), (std::vector<std::string>{"@m", "@y"}));
}

TEST(FuseMatmulAdd, AGemmWithoutC) {
  auto model = text_model(
      R"(g (float[2,3] a, float[4,3] b, float[2,1] s) => (float[2,4] y) {
    m = Gemm<transB = 1, alpha = 0.5>(a, b)  y = Add(m, s) })");
  EXPECT_EQ(apply("fuse_matmul_add", *model).applied, 1U);
  ASSERT_EQ(operators(*model), std::vector<std::string>{"Gemm"});
  EXPECT_EQ(model->graph().first()->int_attribute("transB", 0), 1);
}

TEST(FuseMatmulAdd, WhatGemmCannotSayStays) {
  auto model = text_model(
      R"(g (float[5,2,3] stack, float[2,3] a, float[3,4] b, float[1,4] r, float[7,2,4] big, float[N,4] n, float[1,3] one) => (float[] u, float[] v, float[] w, float[] x, float[] d) {
    p = MatMul(stack, b)  u = Add(p, r)
    q = MatMul(a, b)  v = Add(q, big)
    s = MatMul(a, b)  w = Add(s, r)  x = Relu(s)
    t = MatMul(one, b)  d = Add(t, n) })");
  const auto outcome = apply("fuse_matmul_add", *model);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_EQ(reasons(outcome),
            (std::multiset<std::string>{
                "the product has another use",
                "the product is not known to be one of matrices, which Gemm needs",
                "the summand is not known to fit into the product",
                "the summand is not known to fit into the product"}));
}

TEST(FuseMatmulAdd, TheBetaOfAGemmWithoutCIsNotTheSummands) {
  auto model = text_model(
      R"(g (float[N,3] x, float[3,2] w) => (float[N,2] y) <float[2] c = {1, 2}> {
    a = Gemm<alpha = 3.0, beta = 2.0>(x, w)  y = Add(a, c) })");
  EXPECT_EQ(apply("fuse_matmul_add", *model).applied, 1U);
  const Node& gemm = *model->graph().first();
  EXPECT_EQ(gemm.float_attribute("beta", 1), 1);
  EXPECT_EQ(gemm.float_attribute("alpha", 1), 3);
}

}  // namespace
}  // namespace acuate
