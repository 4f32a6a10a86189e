#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeExpand, BecomesATile) {
  auto model = text_model(
      R"(g (float[3, 1] x) => (float[2, 3, 4] y) <int64[3] s = {2, 1, 4}> { y = Expand(x, s) })");
  EXPECT_EQ(run_legalizer("legalize_expand", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Reshape", "Tile"}));
}

TEST(LegalizeExpand, UnknownShapesStay) {
  auto model = text_model(R"(g (float[3, 1] x, int64[3] s) => (y) { y = Expand(x, s) })");
  const PassOutcome outcome = run_legalizer("legalize_expand", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("are not known"));
}

}  // namespace
}  // namespace acuate
