#include "quantize/gradient_test_support.h"

namespace acuate {
namespace {

TEST(Reduction, OverAxes) {
  for (const std::string op : {"ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2"})
    for (const std::string attributes :
         {"axes=[1], keepdims=0", "axes=[-1], keepdims=1", "axes=[0,2], keepdims=0", "keepdims=1"})
      expect_gradients("g (float[2,3,4] x) => (float[] y) { r = " + op + "<" + attributes +
                       ">(x)  y = Tanh(r) }");
}

TEST(Reduction, AxesAsInput) {
  expect_gradients(
      "g (float[2,3,4] x) => (float[2,4] y) <int64[1] a = {1}> { y = ReduceSum<keepdims=0>(x, a) "
      "}");
  expect_gradients(
      "g (float[2,3,4] x) => (float[2,3,1] y) <int64[1] a = {-1}> { y = ReduceMean(x, a) }", false,
      18);
}

TEST(Reduction, TheLargestOfAnImage) {
  expect_gradients("g (float[2,3,2,2] x) => (float[2,3,1,1] y) { y = GlobalMaxPool(x) }");
}

TEST(Reduction, WithoutARule) {
  EXPECT_NE(not_reached("g (float[2,3] x) => (float y) { y = ReduceProd<keepdims=0>(x) }"), "");
}

}  // namespace
}  // namespace acuate
