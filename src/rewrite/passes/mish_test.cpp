#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_with(const std::string& nodes) {
  std::string text = "g (float[4] x) => (float[4] y) <float one = {1.0}> { ";
  auto model = text_model(text.append(nodes).append(" }"));
  model->set_opset("", 18);
  return model;
}

TEST(Mish, WithASoftplusOrItsFormula) {
  for (const char* nodes : {"s = Softplus(x)  t = Tanh(s)  y = Mul(x, t)",
                            "e = Exp(x)  a = Add(one, e)  s = Log(a)  t = "
                            "Tanh(s)  y = Mul(t, x)"}) {
    auto model = model_with(nodes);
    EXPECT_EQ(apply("mish", *model).applied, 1U) << nodes;
    ASSERT_EQ(operators(*model), std::vector<std::string>{"Mish"}) << nodes;
  }
}

TEST(Mish, AnotherGateStays) {
  auto model = model_with("s = Softplus(x)  t = Sigmoid(s)  y = Mul(x, t)");
  EXPECT_EQ(apply("mish", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
