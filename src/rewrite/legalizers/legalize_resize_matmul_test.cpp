#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeResizeMatmul, BecomesTwoProducts) {
  auto model = text_model(
      R"(g (float[1, 2, 4, 4] x) => (float[1, 2, 6, 6] y) <float[4] s = {1.0, 1.0, 1.5, 1.5}> { y = Resize<mode = "cubic">(x, , s) })");
  EXPECT_EQ(run_legalizer("legalize_resize_matmul", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"MatMul", "MatMul"}));
}

TEST(LegalizeResizeMatmul, ComputedScalesStay) {
  auto model = text_model(
      R"(g (float[1, 2, 4, 4] x, float[4] s) => (y) { y = Resize<mode = "linear">(x, , s) })");
  const PassOutcome outcome = run_legalizer("legalize_resize_matmul", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its scales are not constant"));
}

}  // namespace
}  // namespace acuate
