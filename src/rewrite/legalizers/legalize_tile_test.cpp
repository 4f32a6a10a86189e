#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeTile, BecomesConcats) {
  auto model = text_model(
      R"(g (float[3, 1] x) => (float[6, 3] y) <int64[2] r = {2, 3}> { y = Tile(x, r) })");
  EXPECT_EQ(run_legalizer("legalize_tile", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Concat", "Concat"}));
}

TEST(LegalizeTile, ComputedRepeatsStay) {
  auto model = text_model(R"(g (float[3, 1] x, int64[2] r) => (y) { y = Tile(x, r) })");
  const PassOutcome outcome = run_legalizer("legalize_tile", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("not constant"));
}

}  // namespace
}  // namespace acuate
