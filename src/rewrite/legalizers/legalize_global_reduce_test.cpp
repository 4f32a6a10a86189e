#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeGlobalReduce, BecomesAPool) {
  auto model = text_model(
      R"(g (float[2, 3, 4, 5] x) => (float[2, 3] y) { y = ReduceMean<axes = [-1, 2], keepdims = 0>(x) })");
  EXPECT_EQ(run_legalizer("legalize_global_reduce", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"GlobalAveragePool", "Reshape"}));
}

TEST(LegalizeGlobalReduce, OtherAxesStay) {
  auto model = text_model(R"(g (float[2, 3, 4, 5] x) => (y) { y = ReduceMean<axes = [1, 2]>(x) })");
  const PassOutcome outcome = run_legalizer("legalize_global_reduce", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("not the spatial ones"));
}

}  // namespace
}  // namespace acuate
