#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeResizeRepeat, BecomesTiles) {
  auto model = text_model(
      R"(g (float[1, 2, 3, 4] x) => (float[1, 2, 6, 8] y) <float[4] s = {1.0, 1.0, 2.0, 2.0}> { y = Resize<coordinate_transformation_mode = "asymmetric", nearest_mode = "floor">(x, , s) })");
  EXPECT_EQ(run_legalizer("legalize_resize_repeat", *model).applied, 1U);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"Reshape", "Tile", "Reshape", "Tile", "Reshape"}));
}

TEST(LegalizeResizeRepeat, AFractionStays) {
  auto model = text_model(
      R"(g (float[1, 2, 4, 4] x) => (float[1, 2, 6, 6] y) <float[4] s = {1.0, 1.0, 1.5, 1.5}> { y = Resize(x, , s) })");
  const PassOutcome outcome = run_legalizer("legalize_resize_repeat", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason,
              testing::HasSubstr("does not repeat each element as often"));
}

}  // namespace
}  // namespace acuate
