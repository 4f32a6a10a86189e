#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeLayerNorm, IsWrittenOut) {
  auto model = text_model(
      R"(g (float[2, 3] x, float[3] s, float[3] b) => (float[2, 3] y) { y = LayerNormalization(x, s, b) })");
  EXPECT_EQ(run_legalizer("legalize_layer_norm", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"ReduceMean", "Sub", "Mul", "ReduceMean",
                                                         "Add", "Sqrt", "Div", "Mul", "Add"}));
}

TEST(LegalizeLayerNorm, AReadMeanStays) {
  auto model = text_model(
      R"(g (float[2, 3] x, float[3] s) => (float[2, 3] y, m) { y, m = LayerNormalization(x, s) })");
  const PassOutcome outcome = run_legalizer("legalize_layer_norm", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its mean or deviation is read"));
}

}  // namespace
}  // namespace acuate
