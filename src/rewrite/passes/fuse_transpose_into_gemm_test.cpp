#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

TEST(FuseTransposeIntoGemm, EitherOperand) {
  auto model = text_model(
      R"(g (float[3,N] a, float[4,3] b) => (float[N,4] y) {
    s = Transpose(a)  t = Transpose<perm = [1, 0]>(b)  y = MatMul(s, t) })");
  EXPECT_EQ(apply("fuse_transpose_into_gemm", *model).applied, 1U);
  ASSERT_EQ(operators(*model), std::vector<std::string>{"Gemm"});
  const Node& gemm = *model->graph().first();
  EXPECT_EQ(gemm.int_attribute("transA", 0), 1);
  EXPECT_EQ(gemm.int_attribute("transB", 0), 1);
  EXPECT_EQ(gemm.input(0)->name, "a");
  EXPECT_EQ(origins(gemm), (std::vector<std::string>{"@y", "@s", "@t"}));
}

TEST(FuseTransposeIntoGemm, TwiceTurnedIsAsBefore) {
  auto model = text_model(
      R"(g (float[3,2] a, float[3,4] b) => (float[2,4] y, float[2,3] s) {
    s = Transpose(a)  t = Transpose(b)  y = Gemm<transB = 1>(s, t) })");
  EXPECT_EQ(apply("fuse_transpose_into_gemm", *model).applied, 1U);
  // The first Transpose stays: its result is an output.
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Transpose", "Gemm"}));
  EXPECT_EQ(model->graph().last()->int_attribute("transA", 0), 1);
  EXPECT_EQ(model->graph().last()->int_attribute("transB", 1), 0);
}

TEST(FuseTransposeIntoGemm, StacksAndIntegersStay) {
  auto model = text_model(
      R"(g (float[2,3,4] a, float[4,3] b, int32[3,4] i, int32[4,3] j, float[2,4,3] c) => (float[] y, int32[] z, float[] u) {
    t = Transpose(b)  y = MatMul(c, t)  k = Transpose(i)  z = MatMul(j, k)  s = Transpose<perm = [0, 2, 1]>(a)  u = MatMul(a, s) })");
  EXPECT_EQ(apply("fuse_transpose_into_gemm", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
