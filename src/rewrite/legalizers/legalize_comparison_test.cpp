#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeComparison, BecomesTwoAndOr) {
  auto model = text_model(R"(g (float[4] a, float[4] b) => (bool[4] y) { y = LessOrEqual(a, b) })");
  EXPECT_EQ(run_legalizer("legalize_comparison", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Less", "Equal", "Or"}));
}

TEST(LegalizeComparison, LessStays) {
  auto model = text_model(R"(g (float[4] a, float[4] b) => (bool[4] y) { y = Less(a, b) })");
  EXPECT_EQ(run_legalizer("legalize_comparison", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
