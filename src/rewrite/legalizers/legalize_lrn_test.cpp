#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeLrn, PoolsOverChannels) {
  auto model =
      text_model("g (float[1, 4, 2, 2] x) => (float[1, 4, 2, 2] y) { y = LRN<size = 3>(x) }");
  EXPECT_EQ(run_legalizer("legalize_lrn", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Mul", "Reshape", "AveragePool", "Reshape",
                                                         "Mul", "Add", "Pow", "Div"}));
}

TEST(LegalizeLrn, UnknownShapesStay) {
  auto model =
      text_model("g (float[1, c, 2, 2] x) => (float[1, c, 2, 2] y) { y = LRN<size = 3>(x) }");
  const PassOutcome outcome = run_legalizer("legalize_lrn", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("not known"));
}

}  // namespace
}  // namespace acuate
