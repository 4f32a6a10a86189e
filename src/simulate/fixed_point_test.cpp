#include "simulate/fixed_point.h"

#include <cmath>

#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(FixedPoint, MantissaAndShift) {
  EXPECT_EQ(FixedPoint::of(1), (FixedPoint{1 << 30, 30}));
  EXPECT_EQ(FixedPoint::of(0.75), (FixedPoint{3 << 29, 31}));
  EXPECT_EQ(FixedPoint::of(6), (FixedPoint{3 << 29, 28}));
  EXPECT_EQ(FixedPoint::of(std::nextafter(1.0, 0.0)), (FixedPoint{1 << 30, 30}));
  EXPECT_EQ(FixedPoint::of(0), FixedPoint{});
  EXPECT_NEAR(FixedPoint::of(0.0123456789).real(), 0.0123456789, 1e-11);
}

TEST(FixedPoint, HalvesGoToEven) {
  const auto shifted = [](int64_t value, int shift) { return shift_right(value, shift); };
  EXPECT_EQ(shifted(5, 1), 2);
  EXPECT_EQ(shifted(7, 1), 4);
  EXPECT_EQ(shifted(-5, 1), -2);
  EXPECT_EQ(shifted(-7, 1), -4);
  EXPECT_EQ(shifted(11, 2), 3);
  EXPECT_EQ(shifted(10, 2), 2);
  EXPECT_EQ(shifted(-11, 2), -3);
  EXPECT_EQ(shifted(3, 0), 3);
  EXPECT_EQ(shifted(-3, -2), -12);
  EXPECT_EQ(shifted(1, 100), 0);
  EXPECT_EQ(shifted(1, -100), int64_t{1} << 62);
  EXPECT_EQ(shifted(0, -100), 0);
}

TEST(Rescale, ZeroPointAndBounds) {
  const Rescale half{FixedPoint::of(0.5), 10, 0, 255};
  EXPECT_EQ(half(3), 12);  // 1.5 goes to 2
  EXPECT_EQ(half(5), 12);  // 2.5 goes to 2
  EXPECT_EQ(half(-100), 0);
  EXPECT_EQ(half(1000), 255);
  EXPECT_EQ(half(int64_t{1} << 60), 255);
}

}  // namespace
}  // namespace acuate
