#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeSplit, BecomesSlices) {
  auto model = text_model(
      R"(g (float[5] x) => (float[2] a, float[3] b) <int64[2] s = {2, 3}> { a, b = Split(x, s) })");
  EXPECT_EQ(run_legalizer("legalize_split", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Slice", "Slice"}));
}

TEST(LegalizeSplit, ComputedPartsStay) {
  auto model = text_model(R"(g (float[5] x, int64[2] s) => (a, b) { a, b = Split(x, s) })");
  const PassOutcome outcome = run_legalizer("legalize_split", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its parts are not constant"));
}

}  // namespace
}  // namespace acuate
