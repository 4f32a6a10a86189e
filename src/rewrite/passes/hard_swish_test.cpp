#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_with(const std::string& nodes) {
  std::string text =
      "g (float[4] x) => (float[4] y) <float three = {3.0}, "
      "float zero = {0.0}, float six = {6.0}, "
      "float sixth = {0.16666667}> { ";
  return text_model(text.append(nodes).append(" }"));
}

TEST(HardSwish, AllFormsBecomeOneNode) {
  for (const char* nodes : {"g = HardSigmoid<alpha = 0.16666667, beta = 0.5>(x)  y = Mul(g, x)",
                            "a = Add(x, three)  c = Clip(a, zero, six)  m = Mul(x, c)  y = Div(m, "
                            "six)",
                            "a = Add(three, x)  c = Clip(a, zero, six)  m = Mul(c, x)  y = "
                            "Mul(sixth, m)",
                            "a = Add(x, three)  c = Clip(a, zero, six)  m = Div(c, six)  y = "
                            "Mul(x, m)",
                            "a = Add(x, three)  c = Clip(a, zero, six)  m = Mul(c, sixth)  y = "
                            "Mul(m, x)"}) {
    auto model = model_with(nodes);
    EXPECT_EQ(apply("hard_swish", *model).applied, 1U) << nodes;
    ASSERT_EQ(operators(*model), std::vector<std::string>{"HardSwish"}) << nodes;
    EXPECT_TRUE(model->graph().first()->attributes().empty());
  }
}

TEST(HardSwish, AnotherSlopeOrOpsetStays) {
  auto slope = model_with("g = HardSigmoid<alpha = 0.2, beta = 0.5>(x)  y = Mul(g, x)");
  EXPECT_THAT(apply("hard_swish", *slope).misses.at(0).reason, testing::HasSubstr("another alpha"));
  auto limits = model_with(
      "a = Add(x, three)  c = Clip(a, zero, three)  m = "
      "Mul(x, c)  y = Div(m, six)");
  EXPECT_THAT(apply("hard_swish", *limits).misses.at(0).reason,
              testing::HasSubstr("'three' is not the constant 6"));
  auto old = model_with("g = HardSigmoid<alpha = 0.16666667, beta = 0.5>(x)  y = Mul(g, x)");
  old->set_opset("", 13);
  EXPECT_THAT(apply("hard_swish", *old).misses.at(0).reason, testing::HasSubstr("opset 14"));
}

}  // namespace
}  // namespace acuate
