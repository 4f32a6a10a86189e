#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "numeric/quantize_values.h"

namespace acuate {
namespace {

const Quantization kFormat = schemes().lookup("fp16")->from_range(-5, 3);

TEST(Fp16, HasNoScale) {
  EXPECT_TRUE(kFormat.is_float());
  EXPECT_TRUE(kFormat.scale.empty() && kFormat.zero_point.empty());
  EXPECT_EQ(kFormat.bits, 16);
  EXPECT_EQ(kFormat.element_type(), ElementType::Float16);
  EXPECT_TRUE(check_quantization(kFormat));
  Quantization scaled = kFormat;
  scaled.scale = {1};
  scaled.zero_point = {0};
  EXPECT_EQ(check_quantization(scaled).error().message,
            "scheme fp16 is a floating-point format; it has no scale, zero point or axis");
}

TEST(Fp16, RoundsHalfToEvenWithSubnormalsAndInfinity) {
  const float infinity = std::numeric_limits<float>::infinity();
  // Value, rounded, bits: IEEE 754 binary16.
  const struct {
    float value, rounded;
    uint16_t bits;
  } cases[] = {
      {0, 0, 0},
      {1, 1, 0x3c00},
      {-2, -2, 0xc000},
      {1 + 0x1p-11F, 1, 0x3c00},              // half way: to the even one below
      {1 + 0x1.8p-10F, 1 + 0x1p-9F, 0x3c02},  // half way: to the even one above
      {2048 + 1, 2048, 0x6800},
      {65504, 65504, 0x7bff},
      {65519, 65504, 0x7bff},
      {65520, infinity, 0x7c00},
      {-1e30F, -infinity, 0xfc00},
      {0x1p-14F, 0x1p-14F, 0x0400},
      {0x1p-24F, 0x1p-24F, 0x0001},
      {0x1p-25F, 0, 0},
      {0x1.8p-24F, 0x1p-23F, 0x0002},
      {infinity, infinity, 0x7c00},
  };
  for (const auto& each : cases) {
    Tensor x = Tensor::of<float>({1}, {each.value});
    ASSERT_TRUE(fake_quantize(x, kFormat));
    EXPECT_EQ(x.values<float>()[0], each.rounded) << each.value;
    const auto stored = quantize(Tensor::of<float>({1}, {each.value}), kFormat);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->type(), ElementType::Float16);
    uint16_t bits = 0;
    std::memcpy(&bits, stored->bytes().data(), sizeof bits);
    EXPECT_EQ(bits, each.bits) << each.value;
  }
  Tensor nan = Tensor::of<float>({1}, {std::nanf("")});
  ASSERT_TRUE(fake_quantize(nan, kFormat));
  EXPECT_TRUE(std::isnan(nan.values<float>()[0]));
}

}  // namespace
}  // namespace acuate
