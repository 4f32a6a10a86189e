#include "numeric/quantize_values.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace acuate {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Quantization with(const char* scheme, float scale, int32_t zero_point) {
  Quantization quantization = schemes().lookup(scheme)->from_range(-1, 1);
  quantization.scale = {scale};
  quantization.zero_point = {zero_point};
  return quantization;
}

template <class T>
std::vector<T> list(const Tensor& tensor) {
  const auto values = tensor.values<T>();
  return {values.begin(), values.end()};
}

TEST(QuantizeValues, HalvesRoundToEvenAndEndsClamp) {
  // Expected: onnxruntime's QuantizeLinear on the same values.
  const Tensor x = Tensor::of<float>({12}, {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 126.5f, 127.5f,
                                            -128.5f, 300, -kInfinity, std::nanf("")});
  EXPECT_EQ(list<int8_t>(*quantize(x, with("s8", 1, 0))),
            (std::vector<int8_t>{0, 2, 2, 0, -2, -2, 126, 127, -128, 127, -128, -128}));
  EXPECT_EQ(list<uint8_t>(*quantize(x, with("u8", 1, 3))),
            (std::vector<uint8_t>{3, 5, 5, 3, 1, 1, 129, 131, 0, 255, 0, 0}));
  EXPECT_EQ(list<int16_t>(*quantize(x, with("s16", 0.001f, 0)))[9], 32767);
  EXPECT_EQ(list<uint16_t>(*quantize(x, with("u16", 0.001f, 32768)))[0], 33268);
}

TEST(QuantizeValues, EqualsTheFormula) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal(0, 3);
  Tensor x = Tensor::allocate(ElementType::Float, {5000});
  for (float& value : x.mutable_values<float>()) value = normal(random);
  for (const auto& quantization : {with("s8", 0.031f, 0), with("u8", 0.0521f, 77),
                                   with("u16", 1e-4f, 1000), with("s16", 3e-4f, 0)}) {
    const Tensor integers = *quantize(x, quantization);
    const Tensor back = *dequantize(integers, quantization);
    Tensor fake = Tensor::of<float>({5000}, x.values<float>());
    ASSERT_TRUE(fake_quantize(fake, quantization));
    for (size_t i = 0; i < 5000; ++i) {
      const float ratio = x.values<float>()[i] / quantization.scale[0];
      const double q = std::clamp<double>(
          std::nearbyintf(ratio) + static_cast<double>(quantization.zero_point[0]),
          quantization.lowest(), quantization.highest());
      const auto expected =
          static_cast<float>(q - quantization.zero_point[0]) * quantization.scale[0];
      ASSERT_EQ(back.values<float>()[i], expected);
      ASSERT_EQ(fake.values<float>()[i], expected);
    }
  }
}

TEST(QuantizeValues, ChannelsHaveTheirOwnScale) {
  const Tensor w = Tensor::of<float>({2, 2, 2}, {1, 2, 30, 40, -3, 4, 50, -70});
  const Quantization q = *quantization_of(w, *schemes().lookup("s8"), 1, true);
  ASSERT_EQ(q.scale.size(), 2u);
  EXPECT_FLOAT_EQ(q.scale[0], 4 / 127.0f);
  EXPECT_FLOAT_EQ(q.scale[1], 70 / 127.0f);
  EXPECT_EQ(list<int8_t>(*quantize(w, q)),
            (std::vector<int8_t>{32, 64, 54, 73, -95, 127, 91, -127}));
  const Quantization whole = *quantization_of(w, *schemes().lookup("s8"), -1, false);
  EXPECT_EQ(whole.scale.size(), 1u);
}

TEST(QuantizeValues, TheNarrowRangeKeepsTheLowestIntegerOut) {
  Quantization q = with("s8", 1, 0);
  q.narrow_range = true;
  const Tensor x = Tensor::of<float>({2}, {-500, 500});
  EXPECT_EQ(list<int8_t>(*quantize(x, q)), (std::vector<int8_t>{-127, 127}));
}

TEST(QuantizeValues, WrongInputsAreErrors) {
  const Tensor integers = Tensor::of<int64_t>({1}, {1});
  EXPECT_EQ(quantize(integers, with("s8", 1, 0)).error().message,
            "a float32 tensor was expected, found int64");
  EXPECT_FALSE(dequantize(Tensor::of<uint8_t>({1}, {1}), with("s8", 1, 0)));
  Quantization channels = with("s8", 1, 0);
  channels.per_channel_axis = 1;
  const Tensor x = Tensor::of<float>({1, 2}, {1, 2});
  EXPECT_EQ(quantize(x, channels).error().message, "1 scales for 2 channels (shape 1x2, axis 1)");
  channels.per_channel_axis = 2;
  EXPECT_EQ(quantize(x, channels).error().message,
            "per_channel_axis 2 does not exist in the shape 1x2");
  EXPECT_EQ(
      quantization_of(Tensor::of<float>({2}, {1, kInfinity}), *schemes().lookup("s8"), -1, true)
          .error()
          .message,
      "element 1 is inf; only finite values can be quantized");
}

TEST(QuantizeBias, RoundsAndReportsSaturation) {
  const Tensor bias = Tensor::of<float>({4}, {1, -0.75f, 3e9f, -3e9f});
  const float scales[] = {1, 1, 1, 0.5f};
  const auto result = quantize_bias(bias, 0.5f, scales);
  ASSERT_TRUE(result);
  EXPECT_EQ(list<int32_t>(result->integers),
            (std::vector<int32_t>{2, -2, 2147483647, -2147483647 - 1}));
  EXPECT_EQ(result->scale, (std::vector<float>{0.5f, 0.5f, 0.5f, 0.25f}));
  EXPECT_EQ(result->saturated, 2);
}

TEST(QuantizeBias, WrongInputsAreErrors) {
  const Tensor bias = Tensor::of<float>({2}, {1, 2});
  const float three[] = {1, 1, 1};
  EXPECT_FALSE(quantize_bias(bias, 1, three));
  EXPECT_FALSE(quantize_bias(Tensor::of<int32_t>({1}, {1}), 1, std::span(three, 1)));
  EXPECT_FALSE(quantize_bias(Tensor::of<float>({1}, {std::nanf("")}), 1, std::span(three, 1)));
  const float tiny[] = {1e-30f};
  const auto result = quantize_bias(bias, 1e-30f, tiny);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->saturated, 2);  // the product of the scales underflows
}

}  // namespace
}  // namespace acuate
