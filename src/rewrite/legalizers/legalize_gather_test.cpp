#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeGather, RunsBecomeSlices) {
  auto model = text_model(
      R"(g (float[6, 2] x) => (float[4, 2] y) <int64[4] i = {4, 2, 0, 5}> { y = Gather(x, i) })");
  EXPECT_EQ(run_legalizer("legalize_gather", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Slice", "Slice", "Concat"}));
}

TEST(LegalizeGather, ComputedIndicesStay) {
  auto model = text_model(R"(g (float[6, 2] x, int64[4] i) => (y) { y = Gather(x, i) })");
  const PassOutcome outcome = run_legalizer("legalize_gather", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its indices are not constant"));
}

}  // namespace
}  // namespace acuate
