#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeHardSigmoid, BecomesClippedLine) {
  auto model = text_model(R"(g (float[4] x) => (float[4] y) { y = HardSigmoid<alpha = 0.25>(x) })");
  EXPECT_EQ(run_legalizer("legalize_hard_sigmoid", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Mul", "Add", "Clip"}));
}

// Constants are of the node's type, rounded to nearest.
TEST(LegalizeHardSigmoid, HalvesGetHalves) {
  auto model = text_model(R"(g (float16[4] x) => (float16[4] y) { y = HardSigmoid(x) })");
  EXPECT_EQ(run_legalizer("legalize_hard_sigmoid", *model).applied, 1U);
  const Value* slope = model->graph().first()->input(1);
  ASSERT_TRUE(slope != nullptr && slope->initializer);
  EXPECT_EQ(slope->type.element, ElementType::Float16);
  const auto tensor = model->load(*slope->initializer);
  ASSERT_TRUE(tensor) << tensor.error().message;
  EXPECT_EQ(tensor->values<uint16_t>()[0], 0x3266);  // 0.2 is 0.199951171875
}

TEST(LegalizeHardSigmoid, IntegersStay) {
  auto model = text_model(R"(g (int32[4] x) => (int32[4] y) { y = HardSigmoid(x) })");
  const PassOutcome outcome = run_legalizer("legalize_hard_sigmoid", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("its elements are int32"));
}

}  // namespace
}  // namespace acuate
