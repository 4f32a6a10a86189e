#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeGlobalPool, BecomesReduceMean) {
  auto model = text_model(
      R"(g (float[2, 3, 4, 5] x) => (float[2, 3, 1, 1] y) { y = GlobalAveragePool(x) })");
  EXPECT_EQ(run_legalizer("legalize_global_pool", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"ReduceMean"}));
}

TEST(LegalizeGlobalPool, AMatrixStays) {
  auto model = text_model(R"(g (float[2, 3] x) => (y) { y = GlobalAveragePool(x) })");
  const PassOutcome outcome = run_legalizer("legalize_global_pool", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("below 3"));
}

}  // namespace
}  // namespace acuate
