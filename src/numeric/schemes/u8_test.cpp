#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "numeric/scheme.h"

namespace acuate {
namespace {

const Scheme& u8() { return *schemes().lookup("u8"); }

TEST(U8, CoversTheRangeWithZeroOnTheGrid) {
  const Quantization q = u8().from_range(-1, 1.55);
  EXPECT_FLOAT_EQ(q.scale.at(0), 0.01f);
  EXPECT_EQ(q.zero_point.at(0), 100);
  EXPECT_EQ(q.lowest(), 0);
  EXPECT_EQ(q.highest(), 255);
  EXPECT_EQ(q.element_type(), ElementType::Uint8);
}

TEST(U8, OneSidedRangesAreStretchedToZero) {
  EXPECT_EQ(u8().from_range(1, 2.55), u8().from_range(0, 2.55));
  EXPECT_EQ(u8().from_range(1, 2.55).zero_point.at(0), 0);
  EXPECT_EQ(u8().from_range(-2.55, -1).zero_point.at(0), 255);
}

TEST(U8, ZeroPointRoundsHalfToEven) {
  EXPECT_EQ(u8().from_range(-0.5, 254.5).zero_point.at(0), 0);
  EXPECT_EQ(u8().from_range(-1.5, 253.5).zero_point.at(0), 2);
}

TEST(U8, RandomRangesLoseAtMostHalfAStepAtTheEnds) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> bound(-100, 100);
  for (int i = 0; i < 1000; ++i) {
    const double a = bound(random);
    const double b = bound(random);
    const double min = std::min({a, b, 0.0});
    const double max = std::max({a, b, 0.0});
    const Quantization q = u8().from_range(min, max);
    ASSERT_TRUE(check_quantization(q));
    const AffineGrid grid = q.grid();
    EXPECT_NEAR(grid.scale * static_cast<double>(grid.lowest), min, grid.scale * 0.5001);
    EXPECT_NEAR(grid.scale * static_cast<double>(grid.highest), max, grid.scale * 0.5001);
  }
}

TEST(U8, DegenerateRangesGiveAUsableScale) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double cases[][2] = {{0, 0},        {7, 7}, {-7, -7}, {0, 1e-44}, {-infinity, infinity},
                             {-infinity, 0}};
  for (const auto& [min, max] : cases) {
    const Quantization q = u8().from_range(min, max);
    EXPECT_TRUE(std::isnormal(q.scale.at(0)) && q.scale.at(0) > 0) << min << " " << max;
    EXPECT_TRUE(check_quantization(q)) << min << " " << max;
  }
  EXPECT_EQ(u8().from_range(0, 0).zero_point.at(0), 0);
}

TEST(U8, TheCheckRefusesAZeroPointOffTheGrid) {
  Quantization q = u8().from_range(-1, 1);
  q.zero_point = {256};
  EXPECT_EQ(check_quantization(q).error().message, "zero_point[0] is 256, outside 0…255");
  q.zero_point = {-1};
  EXPECT_FALSE(check_quantization(q));
}

}  // namespace
}  // namespace acuate
