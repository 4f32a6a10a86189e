#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeCeil, BecomesFloor) {
  auto model = text_model(R"(g (float[4] x) => (float[4] y) { y = Ceil(x) })");
  EXPECT_EQ(run_legalizer("legalize_ceil", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Neg", "Floor", "Neg"}));
}

TEST(LegalizeCeil, FloorStays) {
  auto model = text_model(R"(g (float[4] x) => (float[4] y) { y = Floor(x) })");
  EXPECT_EQ(run_legalizer("legalize_ceil", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
