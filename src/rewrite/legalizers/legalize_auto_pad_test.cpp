#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeAutoPad, IsWrittenAsPads) {
  auto model = text_model(
      R"(g (float[1, 2, 5, 5] x, float[3, 2, 3, 3] w) => (y) { y = Conv<auto_pad = "SAME_UPPER", strides = [2, 2]>(x, w) })");
  EXPECT_EQ(run_legalizer("legalize_auto_pad", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Conv"}));
}

TEST(LegalizeAutoPad, UnknownSizesStay) {
  auto model = text_model(
      R"(g (float[1, 2, h, 5] x, float[3, 2, 3, 3] w) => (y) { y = Conv<auto_pad = "SAME_UPPER">(x, w) })");
  const PassOutcome outcome = run_legalizer("legalize_auto_pad", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("is not known"));
}

}  // namespace
}  // namespace acuate
