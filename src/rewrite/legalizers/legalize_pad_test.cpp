#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizePad, ReflectionsBecomeSlices) {
  auto model = text_model(
      R"(g (float[2, 4] x) => (float[2, 7] y) <int64[4] p = {0, 2, 0, 1}> { y = Pad<mode = "reflect">(x, p) })");
  EXPECT_EQ(run_legalizer("legalize_pad", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Slice", "Slice", "Concat"}));
}

TEST(LegalizePad, CroppingStays) {
  auto model = text_model(
      R"(g (float[2, 4] x) => (float[2, 3] y) <int64[4] p = {0, -1, 0, 0}> { y = Pad(x, p) })");
  const PassOutcome outcome = run_legalizer("legalize_pad", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("it crops"));
}

}  // namespace
}  // namespace acuate
