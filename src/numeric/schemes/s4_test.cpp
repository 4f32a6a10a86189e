#include <gtest/gtest.h>

#include "numeric/quantize_values.h"
#include "numeric/scheme.h"

namespace acuate {
namespace {

TEST(S4, ScaleIsTheLargestMagnitudeOver7) {
  const Quantization q = schemes().lookup("s4")->from_range(-1.4, 1);
  EXPECT_FLOAT_EQ(q.scale.at(0), 0.2F);
  EXPECT_EQ(q.lowest(), -8);
  EXPECT_EQ(q.highest(), 7);
  EXPECT_EQ(q.element_type(), ElementType::Int4);
  EXPECT_TRUE(check_quantization(q));
}

// ONNX: two in a byte, the first in the lower half.
TEST(S4, IntegersArePacked) {
  const Tensor values = Tensor::of<float>({5}, {1, -1, 7, -8, 3});
  const Quantization q = schemes().lookup("s4")->from_range(-7, 7);
  const auto integers = quantize(values, q);
  ASSERT_TRUE(integers) << integers.error().message;
  ASSERT_EQ(integers->bytes().size(), 3U);
  EXPECT_EQ(std::to_integer<int>(integers->bytes()[0]), 0xf1);
  EXPECT_EQ(std::to_integer<int>(integers->bytes()[1]), 0x87);
  EXPECT_EQ(std::to_integer<int>(integers->bytes()[2]), 0x03);
  const auto back = dequantize(*integers, q);
  ASSERT_TRUE(back) << back.error().message;
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(back->values<float>()[i], values.values<float>()[i]);
}

TEST(S4, RefusesAnOffset) {
  Quantization q = schemes().lookup("s4")->from_range(-1, 1);
  q.zero_point = {1};
  EXPECT_FALSE(check_quantization(q));
}

}  // namespace
}  // namespace acuate
