#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeDepthToSpace, BecomesATranspose) {
  auto model = text_model(
      R"(g (float[1, 8, 2, 3] x) => (float[1, 2, 4, 6] y) { y = DepthToSpace<blocksize = 2>(x) })");
  EXPECT_EQ(run_legalizer("legalize_depth_to_space", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Reshape", "Transpose", "Reshape"}));
}

TEST(LegalizeDepthToSpace, UnknownShapesStay) {
  auto model =
      text_model(R"(g (float[1, 8, h, 3] x) => (y) { y = DepthToSpace<blocksize = 2>(x) })");
  const PassOutcome outcome = run_legalizer("legalize_depth_to_space", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("is not known"));
}

}  // namespace
}  // namespace acuate
