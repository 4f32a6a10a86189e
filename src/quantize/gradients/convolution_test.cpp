#include <algorithm>

#include "quantize/gradient_test_support.h"

namespace acuate {
namespace {

// A constant in text form with numbers of no pattern.
std::string weight(const std::string& shape, int count) {
  std::string text = "float[" + shape + "] w = {";
  for (int i = 0; i < count; ++i)
    text += (i > 0 ? ", " : "") + std::to_string(static_cast<double>(i * 37 % 23 - 11) / 8);
  return text + "}";
}

TEST(Convolution, StridesPadsDilationsGroups) {
  struct Case {
    std::string attributes, shape;
    int count;
  };
  const Case kCases[] = {
      {"group=1", "3,2,3,3", 54},
      {"pads=[1,1,1,1]", "3,2,3,3", 54},
      {"pads=[0,1,2,1], strides=[2,1]", "3,2,3,3", 54},
      {"strides=[2,2]", "3,2,1,1", 6},
      {"group=1", "3,2,1,1", 6},
      {"dilations=[2,1], pads=[2,1,2,1]", "3,2,3,3", 54},
      {"pads=[3,3,3,3]", "3,2,2,2", 24},
      {"auto_pad=\"SAME_LOWER\", strides=[2,2]", "3,2,2,3", 36},
      {"auto_pad=\"SAME_UPPER\", strides=[2,2]", "3,2,2,3", 36},
      {"group=2, pads=[1,1,1,1]", "2,1,3,3", 18},
      {"group=2, strides=[2,2], pads=[1,1,1,1]", "2,1,3,3", 18},
      {"group=2, strides=[3,2]", "2,1,2,2", 8},
      {"group=2, strides=[2,2], dilations=[2,2], pads=[1,0,2,1]", "2,1,2,3", 12},
      {"group=2, strides=[2,2]", "4,1,3,3", 36},
      {"group=2", "4,1,3,3", 36},
  };
  for (const Case& test : kCases)
    expect_gradients("g (float[2,2,6,7] x) => (float[2,c,h,w] y) <" +
                     weight(test.shape, test.count) + "> { y = Conv<" + test.attributes +
                     ">(x, w) }");
}

TEST(Convolution, OneDimension) {
  expect_gradients("g (float[1,2,9] x) => (float[1,3,n] y) <" + weight("3,2,3", 18) +
                   "> { y = Conv<strides=[2], pads=[1,1]>(x, w) }");
}

TEST(Convolution, Transposed) {
  for (const std::string attributes :
       {"group=1", "strides=[2,2]", "strides=[2,2], pads=[1,1,1,1]",
        "strides=[2,2], output_padding=[1,1]", "strides=[2,3], pads=[0,1,1,0], dilations=[2,1]"})
    expect_gradients("g (float[2,2,3,4] x) => (float[2,3,h,w] y) <" + weight("2,3,3,3", 54) +
                     "> { y = ConvTranspose<" + attributes + ">(x, w) }");
  expect_gradients("g (float[1,4,3,3] x) => (float[1,4,h,w] y) <" + weight("4,2,2,2", 32) +
                   "> { y = ConvTranspose<group=2, strides=[2,2]>(x, w) }");
}

TEST(Convolution, AWeightThatIsComputedIsNotReached) {
  EXPECT_NE(
      not_reached("g (float[3,2,1,1] x) => (float[1,3,2,2] y) <float[1,2,2,2] d = {1.0, 2.0, 3.0, "
                  "4.0, 5.0, 6.0, 7.0, 8.0}> { y = Conv(d, x) }"),
      "");
}

}  // namespace
}  // namespace acuate
