#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeEinsum, BecomesAMatMul) {
  auto model = text_model(
      R"(g (float[2, 3, 4] a, float[2, 5, 4] b) => (float[2, 3, 5] y) { y = Einsum<equation = "bij,bkj->bik">(a, b) })");
  EXPECT_EQ(run_legalizer("legalize_einsum", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Transpose", "MatMul"}));
}

TEST(LegalizeEinsum, AnEllipsisStays) {
  auto model = text_model(
      R"(g (float[2, 3] a, float[3, 5] b) => (float[2, 5] y) { y = Einsum<equation = "...j,jk->...k">(a, b) })");
  const PassOutcome outcome = run_legalizer("legalize_einsum", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("ellipsis"));
}

}  // namespace
}  // namespace acuate
