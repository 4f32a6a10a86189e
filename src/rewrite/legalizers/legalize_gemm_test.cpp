#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeGemm, BecomesMatMulAndAdd) {
  auto model = text_model(
      R"(g (float[2, 3] a, float[4, 3] b, float[4] c) => (float[2, 4] y) { y = Gemm<transB = 1, alpha = 0.5>(a, b, c) })");
  EXPECT_EQ(run_legalizer("legalize_gemm", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Transpose", "MatMul", "Mul", "Add"}));
}

TEST(LegalizeGemm, IntegersStay) {
  auto model =
      text_model(R"(g (int32[2, 3] a, int32[3, 4] b) => (int32[2, 4] y) { y = Gemm(a, b) })");
  const PassOutcome outcome = run_legalizer("legalize_gemm", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its elements are int32"));
}

}  // namespace
}  // namespace acuate
