#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeGridSample, BecomesGathers) {
  auto model = text_model(
      R"(g (float[1, 2, 3, 3] x) => (float[1, 2, 1, 2] y) <float[1, 1, 2, 2] g = {0.1, 0.2, -0.3, 0.4}> { y = GridSample(x, g) })");
  EXPECT_EQ(run_legalizer("legalize_grid_sample", *model).applied, 1U);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"Reshape", "Gather", "Mul", "Gather", "Mul", "Add", "Gather",
                                      "Mul", "Add", "Gather", "Mul", "Add", "Reshape"}));
}

TEST(LegalizeGridSample, AComputedGridStays) {
  auto model =
      text_model(R"(g (float[1, 2, 3, 3] x, float[1, 1, 2, 2] g) => (y) { y = GridSample(x, g) })");
  const PassOutcome outcome = run_legalizer("legalize_grid_sample", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("computed at run time"));
}

}  // namespace
}  // namespace acuate
