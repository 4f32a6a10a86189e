#include <gtest/gtest.h>

#include "numeric/quantize_values.h"

namespace acuate {
namespace {

const Quantization kFormat = schemes().lookup("bf16")->from_range(-5, 3);

TEST(Bf16, RoundsToTheUpperHalfOfAFloat) {
  EXPECT_EQ(kFormat.element_type(), ElementType::Bfloat16);
  const struct {
    float value, rounded;
    uint16_t bits;
  } cases[] = {
      {1, 1, 0x3f80},
      {1 + 0x1p-8F, 1, 0x3f80},              // half way: to the even one below
      {1 + 0x1.8p-7F, 1 + 0x1p-6F, 0x3f82},  // half way: to the even one above
      {-3.15F, -3.15625F, 0xc04a},
      {1e38F, 0x1.2cp+126F, 0x7e96},
  };
  for (const auto& each : cases) {
    Tensor x = Tensor::of<float>({1}, {each.value});
    ASSERT_TRUE(fake_quantize(x, kFormat));
    EXPECT_EQ(x.values<float>()[0], each.rounded) << each.value;
    const auto stored = quantize(Tensor::of<float>({1}, {each.value}), kFormat);
    ASSERT_TRUE(stored);
    uint16_t bits = 0;
    std::memcpy(&bits, stored->bytes().data(), sizeof bits);
    EXPECT_EQ(bits, each.bits) << each.value;
  }
}

TEST(Bf16, RefusesAScale) {
  Quantization scaled = kFormat;
  scaled.scale = {1};
  scaled.zero_point = {0};
  EXPECT_FALSE(check_quantization(scaled));
}

}  // namespace
}  // namespace acuate
