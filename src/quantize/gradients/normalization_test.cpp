#include "quantize/gradient_test_support.h"

namespace acuate {
namespace {

TEST(Normalization, SoftmaxAlongAnyAxis) {
  for (const std::string op : {"Softmax", "LogSoftmax"})
    for (const std::string axis : {"0", "1", "-1"})
      expect_gradients("g (float[2,3,4] x) => (float[2,3,4] y) { y = " + op + "<axis=" + axis +
                       ">(x) }");
}

TEST(Normalization, ByLayer) {
  expect_gradients(
      "g (float[2,3,4] x) => (float[2,3,4] y) <float[4] s = {1.0, -2.0, 0.5, 3.0}, float[4] b = "
      "{0.1, 0.2, 0.3, 0.4}> { y = LayerNormalization(x, s, b) }");
  expect_gradients(
      "g (float[2,3,2] x) => (float[2,3,2] y) <float[3,2] s = {1.0, -2.0, 0.5, 3.0, 1.0, 2.0}> { y "
      "= LayerNormalization<axis=1, epsilon=0.1>(x, s) }");
}

TEST(Normalization, ByInstanceAndBatch) {
  expect_gradients(
      "g (float[2,2,3,2] x) => (float[2,2,3,2] y) <float[2] s = {1.5, -2.0}, float[2] b = {0.1, "
      "0.2}> { y = InstanceNormalization(x, s, b) }");
  expect_gradients(
      "g (float[2,2,3] x) => (float[2,2,3] y) <float[2] s = {1.5, -2.0}, float[2] b = {0.1, 0.2}, "
      "float[2] m = {0.3, -0.1}, float[2] v = {0.5, 2.0}> { y = BatchNormalization(x, s, b, m, v) "
      "}");
}

TEST(Normalization, AMeanThatIsReadIsNotReached) {
  EXPECT_NE(not_reached("g (float[2,4] x) => (float[2,1] m) <float[4] s = {1.0, 1.0, 1.0, 1.0}> { "
                        "y, m = LayerNormalization(x, s) }"),
            "");
}

}  // namespace
}  // namespace acuate
