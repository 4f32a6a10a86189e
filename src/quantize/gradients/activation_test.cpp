#include "quantize/gradient_test_support.h"

namespace acuate {
namespace {

TEST(Activation, DerivativesAreThoseOfTheFunctions) {
  for (const std::string op :
       {"Abs(x)", "Cos(x)", "Erf(x)", "Exp(x)", "HardSigmoid(x)",
        "HardSigmoid<alpha=0.6, beta=0.4>(x)", "HardSwish(x)", "Elu<alpha=0.7>(x)",
        "LeakyRelu<alpha=0.3>(x)", "Neg(x)", "Reciprocal(x)", "Relu(x)", "Selu(x)", "Sigmoid(x)",
        "Sin(x)", "Softplus(x)", "Softsign(x)", "Tanh(x)"})
    expect_gradients("g (float[3,5] x) => (float[3,5] y) { y = " + op + " }");
}

TEST(Activation, OfPositiveNumbers) {
  for (const std::string op : {"Log(x)", "Sqrt(x)"})
    expect_gradients("g (float[3,5] x) => (float[3,5] y) { y = " + op + " }", true);
}

TEST(Activation, OfNewerOpsets) {
  for (const std::string op : {"Gelu(x)", "Gelu<approximate=\"tanh\">(x)", "Mish(x)"})
    expect_gradients("g (float[3,5] x) => (float[3,5] y) { y = " + op + " }", false, 20);
}

TEST(Activation, ClippedElementsPassNothingOn) {
  expect_gradients(
      "g (float[3,5] x) => (float[3,5] y) <float low = {-0.71}, float high = {0.53}> { y = Clip(x, "
      "low, high) }");
}

TEST(Activation, ABoundThatIsComputedIsNotReached) {
  EXPECT_NE(
      not_reached("g (float x) => (float[3] y) <float[3] a = {1.0, 2.0, 3.0}> { y = Clip(a, x) }"),
      "");
}

}  // namespace
}  // namespace acuate
