#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "numeric/scheme.h"

namespace acuate {
namespace {

const Scheme& s8() { return *schemes().lookup("s8"); }

TEST(S8, ScaleIsTheLargestMagnitudeOver127) {
  const Quantization q = s8().from_range(-3, 12.7);
  EXPECT_EQ(q.scheme, "s8");
  EXPECT_FLOAT_EQ(q.scale.at(0), 0.1f);
  EXPECT_EQ(q.zero_point.at(0), 0);
  EXPECT_EQ(q.lowest(), -128);
  EXPECT_EQ(q.highest(), 127);
  EXPECT_EQ(q.element_type(), ElementType::Int8);
  EXPECT_EQ(s8().from_range(-12.7, 3).scale, q.scale);
  EXPECT_TRUE(check_quantization(q));
}

TEST(S8, WeightsLeaveTheLowestIntegerOut) {
  const FloatRange ranges[] = {{-1.27f, 1}, {0, 0}, {0, 2.54f}};
  const Quantization q = s8().from_ranges(ranges, 1, true);
  EXPECT_EQ(q.lowest(), -127);
  EXPECT_EQ(q.per_channel_axis, 1);
  ASSERT_EQ(q.scale.size(), 3u);
  EXPECT_FLOAT_EQ(q.scale[0], 0.01f);
  EXPECT_EQ(q.scale[1], 1);  // a dead channel
  EXPECT_FLOAT_EQ(q.scale[2], 0.02f);
  EXPECT_TRUE(check_quantization(q));
}

TEST(S8, DegenerateRangesGiveAUsableScale) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double cases[][2] = {
      {0, 0},         {5, 5},     {-5, -5},          {0, 1e-45},  {0, 1e-37},
      {-infinity, 1}, {0, 1e300}, {std::nan(""), 1}, {-1e-40, 0}, {-infinity, infinity}};
  for (const auto& [min, max] : cases) {
    const float scale = s8().from_range(min, max).scale.at(0);
    EXPECT_TRUE(std::isnormal(scale) && scale > 0) << min << " " << max;
    EXPECT_TRUE(std::isfinite(1 / scale)) << min << " " << max;
    EXPECT_TRUE(std::isfinite(scale * 127)) << min << " " << max;
  }
  EXPECT_EQ(s8().from_range(0, 0).scale.at(0), 1);
}

TEST(S8, TheCheckTellsWhatIsWrong) {
  Quantization q = s8().from_range(-1, 1);
  q.zero_point = {3};
  EXPECT_EQ(check_quantization(q).error().message,
            "zero_point[0] is 3; scheme s8 is symmetric, so it must be 0");
  q.zero_point = {0};
  q.scale = {0};
  EXPECT_EQ(check_quantization(q).error().message, "scale[0] is 0; it must be finite and above 0");
  q.scale = {1, 2};
  EXPECT_EQ(check_quantization(q).error().message, "2 scales but 1 zero points");
  q.zero_point = {0, 0};
  EXPECT_EQ(check_quantization(q).error().message, "2 scales but no per_channel_axis");
  q = s8().from_range(-1, 1);
  q.bits = 16;
  EXPECT_EQ(check_quantization(q).error().message,
            "scheme s8 is signed with 8 bits, found signed with 16");
  q.scheme = "s9";
  EXPECT_FALSE(check_quantization(q));
}

}  // namespace
}  // namespace acuate
