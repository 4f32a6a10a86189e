#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_with(const std::string& nodes) {
  std::string text = "g (float[4] x, float[4] z) => (float[4] y) <float k = {1.702}> { ";
  auto model = text_model(text.append(nodes).append(" }"));
  model->set_opset("", 24);
  infer_shapes(*model);
  return model;
}

TEST(Swish, WithAndWithoutAlpha) {
  auto plain = model_with("s = Sigmoid(x)  y = Mul(s, x)");
  EXPECT_EQ(apply("swish", *plain).applied, 1U);
  ASSERT_EQ(operators(*plain), std::vector<std::string>{"Swish"});
  EXPECT_EQ(plain->graph().first()->float_attribute("alpha", 0), 1.0F);
  auto scaled = model_with("m = Mul(k, x)  s = Sigmoid(m)  y = Mul(x, s)");
  EXPECT_EQ(apply("swish", *scaled).applied, 1U);
  EXPECT_EQ(scaled->graph().first()->float_attribute("alpha", 0), 1.702F);
}

TEST(Swish, AGateOfAnotherTensorOrAnOlderOpsetStays) {
  auto gate = model_with("s = Sigmoid(z)  y = Mul(s, x)");
  EXPECT_EQ(apply("swish", *gate).applied, 0U);
  auto old = model_with("s = Sigmoid(x)  y = Mul(s, x)");
  old->set_opset("", 23);
  EXPECT_THAT(apply("swish", *old).misses.at(0).reason, testing::HasSubstr("opset 24"));
}

}  // namespace
}  // namespace acuate
