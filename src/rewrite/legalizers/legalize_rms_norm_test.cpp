#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeRmsNorm, IsWrittenOut) {
  auto model = text_model(
      R"(g (float[2, 3] x, float[3] s) => (float[2, 3] y) { y = RMSNormalization(x, s) })");
  model->set_opset("", 23);
  infer_shapes(*model);
  EXPECT_EQ(run_legalizer("legalize_rms_norm", *model).applied, 1U);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"Mul", "ReduceMean", "Add", "Sqrt", "Div", "Mul"}));
}

TEST(LegalizeRmsNorm, Float16Stays) {
  auto model = text_model(
      R"(g (float16[2, 3] x, float16[3] s) => (float16[2, 3] y) { y = RMSNormalization(x, s) })");
  model->set_opset("", 23);
  infer_shapes(*model);
  const PassOutcome outcome = run_legalizer("legalize_rms_norm", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its elements are float16"));
}

}  // namespace
}  // namespace acuate
