#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeLpNorm, DividesByTheNorm) {
  auto model = text_model(
      "g (float[2, 3] x) => (float[2, 3] y) { y = LpNormalization<p = 1, axis = 1>(x) }");
  EXPECT_EQ(run_legalizer("legalize_lp_norm", *model).applied, 1U);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"ReduceL1", "Equal", "Cast", "Add", "Div"}));
}

TEST(LegalizeLpNorm, HalvesStay) {
  auto model = text_model("g (float16[2, 3] x) => (float16[2, 3] y) { y = LpNormalization(x) }");
  const PassOutcome outcome = run_legalizer("legalize_lp_norm", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("float16"));
}

}  // namespace
}  // namespace acuate
