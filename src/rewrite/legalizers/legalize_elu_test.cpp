#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeElu, BecomesExp) {
  auto model = text_model(R"(g (float[4] x) => (float[4] y) { y = Elu<alpha = 0.5>(x) })");
  EXPECT_EQ(run_legalizer("legalize_elu", *model).applied, 1U);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"Neg", "Relu", "Neg", "Exp", "Sub", "Mul", "Relu", "Add"}));
}

TEST(LegalizeElu, CeluWithoutAlphaStays) {
  auto model = text_model(R"(g (float[4] x) => (float[4] y) { y = Celu<alpha = 0.0>(x) })");
  const PassOutcome outcome = run_legalizer("legalize_elu", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its alpha is zero"));
}

}  // namespace
}  // namespace acuate
