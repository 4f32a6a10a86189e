#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeTransposeRank, SixDimensionsBecomeFour) {
  auto model = text_model(
      R"(g (float[1, 8, 2, 3] x) => (float[1, 2, 4, 6] y) <int64[6] a = {1, 2, 2, 2, 2, 3}, int64[4] b = {1, 2, 4, 6}> { r = Reshape(x, a)  t = Transpose<perm = [0, 3, 4, 1, 5, 2]>(r)  y = Reshape(t, b) })");
  EXPECT_EQ(run_legalizer("legalize_transpose_rank", *model).applied, 1U);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"Reshape", "Transpose", "Reshape", "Transpose", "Reshape"}));
}

TEST(LegalizeTransposeRank, FourDimensionsStay) {
  auto model = text_model(
      R"(g (float[4, 6] x) => (float[6, 4] y) <int64[4] a = {2, 2, 2, 3}, int64[2] b = {6, 4}> { r = Reshape(x, a)  t = Transpose<perm = [2, 3, 0, 1]>(r)  y = Reshape(t, b) })");
  const PassOutcome outcome = run_legalizer("legalize_transpose_rank", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("four dimensions or fewer"));
}

}  // namespace
}  // namespace acuate
