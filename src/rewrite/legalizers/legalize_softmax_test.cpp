#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeSoftmax, IsWrittenOut) {
  auto model = text_model(R"(g (float[2, 3] x) => (float[2, 3] y) { y = LogSoftmax(x) })");
  EXPECT_EQ(run_legalizer("legalize_softmax", *model).applied, 1U);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"ReduceMax", "Sub", "Exp", "ReduceSum", "Log", "Sub"}));
}

TEST(LegalizeSoftmax, AFlatteningOneStays) {
  auto model = text_model(R"(g (float[2, 3] x) => (float[2, 3] y) { y = Softmax(x) })");
  model->set_opset("", 12);
  infer_shapes(*model);
  const PassOutcome outcome = run_legalizer("legalize_softmax", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("before opset 13"));
}

}  // namespace
}  // namespace acuate
