#include "quantize/gradient_test_support.h"

namespace acuate {
namespace {

TEST(Pooling, Averages) {
  for (const std::string attributes :
       {"kernel_shape=[2,2], strides=[2,2]", "kernel_shape=[3,2], strides=[1,1]",
        "kernel_shape=[3,3], pads=[1,1,1,1], strides=[2,1]",
        "kernel_shape=[3,3], pads=[1,1,1,1], count_include_pad=1",
        "kernel_shape=[3,3], strides=[2,2], ceil_mode=1",
        "kernel_shape=[3,3], strides=[2,2], auto_pad=\"SAME_UPPER\""})
    expect_gradients(
        "g (float[1,2,6,5] x) => (float[1,2,a,b] p, float[1,2,1,1] y) { p = AveragePool<" +
        attributes + ">(x)  y = GlobalAveragePool(p) }");
}

TEST(Pooling, TheLargestOne) {
  for (const std::string attributes :
       {"kernel_shape=[2,2], strides=[2,2]", "kernel_shape=[3,3], strides=[1,1], pads=[1,1,1,1]",
        "kernel_shape=[3,3], strides=[2,2], ceil_mode=1"})
    expect_gradients("g (float[1,2,4,4] x) => (float[1,2,a,b] y) { y = MaxPool<" + attributes +
                     ">(x) }");
}

TEST(Pooling, OneDimension) {
  expect_gradients(
      "g (float[1,2,7] x) => (float[1,2,3] y) { y = AveragePool<kernel_shape=[3], strides=[2]>(x) "
      "}");
}

TEST(Pooling, OverlapNeedsSumsThatOpset13HasNot) {
  EXPECT_NE(
      not_reached(
          "g (float[1,1,4,4] x) => (float[1,1,3,3] y) { y = MaxPool<kernel_shape=[2,2]>(x) }", 13),
      "");
  EXPECT_EQ(not_reached("g (float[1,1,4,4] x) => (float[1,1,2,2] y) { y = "
                        "MaxPool<kernel_shape=[2,2], strides=[2,2]>(x) }",
                        13),
            "");
}

}  // namespace
}  // namespace acuate
