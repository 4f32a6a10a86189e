#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizePrelu, BecomesTwoRelus) {
  auto model =
      text_model(R"(g (float[2, 3] x, float[3] s) => (float[2, 3] y) { y = PRelu(x, s) })");
  EXPECT_EQ(run_legalizer("legalize_prelu", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Neg", "Relu", "Mul", "Relu", "Sub"}));
}

TEST(LegalizePrelu, UnknownRankStays) {
  auto model = text_model(
      R"(g (float[2, 3] x, int64[d] n, float[3] s) => (y) { z = Reshape(x, n)  y = PRelu(z, s) })");
  const PassOutcome outcome = run_legalizer("legalize_prelu", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("the rank of its input is not known"));
}

}  // namespace
}  // namespace acuate
