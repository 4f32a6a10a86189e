#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeGelu, BecomesErf) {
  auto model = text_model(R"(g (float[4] x) => (float[4] y) { y = Gelu(x) })");
  model->set_opset("", 20);
  infer_shapes(*model);
  EXPECT_EQ(run_legalizer("legalize_gelu", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Mul", "Erf", "Add", "Mul", "Mul"}));
}

TEST(LegalizeGelu, Float16Stays) {
  auto model = text_model(R"(g (float16[4] x) => (float16[4] y) { y = Gelu(x) })");
  model->set_opset("", 20);
  infer_shapes(*model);
  const PassOutcome outcome = run_legalizer("legalize_gelu", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its elements are float16"));
}

}  // namespace
}  // namespace acuate
