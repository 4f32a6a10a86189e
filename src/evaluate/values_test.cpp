#include "evaluate/values.h"

#include <cmath>

#include <gmock/gmock.h>

namespace acuate {
namespace {

using ::testing::ElementsAre;

Tensor sixteen_bits(ElementType type, std::initializer_list<uint16_t> values) {
  Tensor tensor = Tensor::allocate(type, {static_cast<int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.mutable_values<uint16_t>().begin());
  return tensor;
}

TEST(ToDoubles, ReadsEveryWidth) {
  EXPECT_THAT(*to_doubles(Tensor::of<float>({2}, {0.1f, -3}), "t"),
              ElementsAre(static_cast<double>(0.1f), -3));
  EXPECT_THAT(*to_doubles(Tensor::of<int8_t>({2}, {-128, 127}), "t"), ElementsAre(-128, 127));
  EXPECT_THAT(*to_doubles(Tensor::of<uint8_t>({1}, {255}), "t"), ElementsAre(255));
  EXPECT_THAT(*to_doubles(Tensor::of<int64_t>({1}, {-5}), "t"), ElementsAre(-5));
  EXPECT_THAT(*to_doubles(Tensor::of<bool>({2}, {true, false}), "t"), ElementsAre(1, 0));
}

TEST(ToDoubles, ReadsHalves) {
  // 1, -2, the largest, the least subnormal, minus zero, infinity, NaN
  const auto half = *to_doubles(
      sixteen_bits(ElementType::Float16, {0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0x7e00}),
      "t");
  EXPECT_EQ(half[0], 1);
  EXPECT_EQ(half[1], -2);
  EXPECT_EQ(half[2], 65504);
  EXPECT_EQ(half[3], std::ldexp(1.0, -24));
  EXPECT_TRUE(half[4] == 0 && std::signbit(half[4]));
  EXPECT_EQ(half[5], INFINITY);
  EXPECT_TRUE(std::isnan(half[6]));
  EXPECT_THAT(*to_doubles(sixteen_bits(ElementType::Bfloat16, {0x3f80, 0xc040}), "t"),
              ElementsAre(1, -3));
}

TEST(ToDoubles, RefusesWhatIsNoNumber) {
  const auto values = to_doubles(Tensor::allocate(ElementType::Complex64, {1}), "page: output 'y'");
  ASSERT_FALSE(values);
  EXPECT_EQ(values.error().message,
            "page: output 'y': cannot compare complex64 elements; expected numbers");
}

}  // namespace
}  // namespace acuate
