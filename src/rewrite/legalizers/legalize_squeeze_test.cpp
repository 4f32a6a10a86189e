#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeSqueeze, BecomesAReshape) {
  auto model = text_model(
      R"(g (float[n, 1, 3] x) => (float[n, 3] y) <int64[1] a = {1}> { y = Squeeze(x, a) })");
  EXPECT_EQ(run_legalizer("legalize_squeeze", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Reshape"}));
}

TEST(LegalizeSqueeze, TwoUnknownDimensionsStay) {
  auto model =
      text_model(R"(g (float[n, 1, m] x) => (y) <int64[1] a = {1}> { y = Squeeze(x, a) })");
  const PassOutcome outcome = run_legalizer("legalize_squeeze", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("several dimensions"));
}

}  // namespace
}  // namespace acuate
