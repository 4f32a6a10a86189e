#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeSoftmaxAxis, IsMovedToTheLastAxis) {
  auto model =
      text_model(R"(g (float[2, 3, 4] x) => (float[2, 3, 4] y) { y = Softmax<axis = 1>(x) })");
  EXPECT_EQ(run_legalizer("legalize_softmax_axis", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Transpose", "Softmax", "Transpose"}));
}

TEST(LegalizeSoftmaxAxis, TheLastAxisStays) {
  auto model = text_model(R"(g (float[2, 3, 4] x) => (float[2, 3, 4] y) { y = Softmax(x) })");
  const PassOutcome outcome = run_legalizer("legalize_softmax_axis", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("the last one"));
}

}  // namespace
}  // namespace acuate
