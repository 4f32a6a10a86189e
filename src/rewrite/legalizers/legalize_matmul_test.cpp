#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeMatmul, BecomesGemmBetweenReshapes) {
  auto model = text_model(
      R"(g (float[2, 3, 4] a, float[4, 5] b) => (float[2, 3, 5] y) { y = MatMul(a, b) })");
  EXPECT_EQ(run_legalizer("legalize_matmul", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Reshape", "Gemm", "Reshape"}));
}

TEST(LegalizeMatmul, ABatchOnTheRightStays) {
  auto model = text_model(
      R"(g (float[2, 3, 4] a, float[2, 4, 5] b) => (float[2, 3, 5] y) { y = MatMul(a, b) })");
  const PassOutcome outcome = run_legalizer("legalize_matmul", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("not a matrix"));
}

}  // namespace
}  // namespace acuate
