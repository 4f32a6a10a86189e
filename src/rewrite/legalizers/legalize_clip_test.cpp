#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeClip, BecomesMaxAndMin) {
  auto model = text_model(
      R"(g (float[4] x, float h) => (float[4] y) <float l = {-1.0}> { y = Clip(x, l, h) })");
  EXPECT_EQ(run_legalizer("legalize_clip", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Max", "Min"}));
}

TEST(LegalizeClip, WithoutLimitsStays) {
  auto model = text_model(R"(g (float[4] x) => (float[4] y) { y = Clip(x) })");
  const PassOutcome outcome = run_legalizer("legalize_clip", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("it has no limits"));
}

}  // namespace
}  // namespace acuate
