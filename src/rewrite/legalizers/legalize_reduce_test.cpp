#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeReduce, L2BecomesARoot) {
  auto model =
      text_model(R"(g (float[2, 3] x) => (float[2, 1] y) { y = ReduceL2<axes = [-1]>(x) })");
  EXPECT_EQ(run_legalizer("legalize_reduce", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Mul", "ReduceSum", "Sqrt"}));
}

TEST(LegalizeReduce, ComputedAxesStay) {
  auto model = text_model(R"(g (float[2, 3] x, int64[1] a) => (y) { y = ReduceL2(x, a) })");
  model->set_opset("", 18);
  infer_shapes(*model);
  const PassOutcome outcome = run_legalizer("legalize_reduce", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its axes are not constant"));
}

}  // namespace
}  // namespace acuate
