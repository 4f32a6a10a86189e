#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeInstanceNorm, IsWrittenOut) {
  auto model = text_model(
      R"(g (float[2, 3, 4] x, float[3] b) => (float[2, 3, 4] y) <float[3] s = {1.0, 2.0, 3.0}> { y = InstanceNormalization(x, s, b) })");
  EXPECT_EQ(run_legalizer("legalize_instance_norm", *model).applied, 1U);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"ReduceMean", "Sub", "Mul", "ReduceMean", "Add", "Sqrt",
                                      "Div", "Mul", "Reshape", "Add"}));
}

TEST(LegalizeInstanceNorm, AMatrixStays) {
  auto model = text_model(
      R"(g (float[2, 3] x, float[3] s) => (float[2, 3] y) { y = InstanceNormalization(x, s, s) })");
  const PassOutcome outcome = run_legalizer("legalize_instance_norm", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("below 3"));
}

}  // namespace
}  // namespace acuate
