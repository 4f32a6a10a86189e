#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "quantize/range.h"
#include "quantize/ranges/test_data.h"

namespace acuate {
namespace {

Range acuity(const std::vector<float>& data, const char* scheme, const char* text = "acuity-kl") {
  Histogram histogram;
  histogram.add(data);
  return parse_range_method(text)->range(histogram, *schemes().lookup(scheme));
}

// The published procedure on bins of the data themselves, by whole distributions.
double divergence(const std::vector<float>& data, size_t count, size_t kept, size_t levels) {
  double largest = 0;
  for (const float value : data) largest = std::max(largest, std::fabs(double{value}));
  std::vector<double> bins(count);
  for (const float value : data)
    ++bins[std::min(count - 1,
                    static_cast<size_t>(std::fabs(value) / largest * static_cast<double>(count)))];
  std::vector<double> p(bins.begin(), bins.begin() + static_cast<ptrdiff_t>(kept)), q(kept);
  for (size_t i = kept; i < count; ++i) p.back() += bins[i];
  double inside = 0;
  for (size_t level = 0; level < levels; ++level) {
    const size_t from = level * kept / levels, to = (level + 1) * kept / levels;
    double mass = 0, occupied = 0;
    for (size_t i = from; i < to; ++i) mass += bins[i], occupied += bins[i] > 0 ? 1 : 0;
    inside += mass;
    for (size_t i = from; i < to; ++i)
      if (bins[i] > 0) q[i] = mass / occupied;
  }
  double result = 0;
  for (size_t i = 0; i < kept; ++i) {
    if (p[i] == 0) continue;
    if (q[i] == 0) q[i] = 1e-4;
    const double share = p[i] / static_cast<double>(data.size());
    result += share * std::log(share / (q[i] / inside));
  }
  return result;
}

TEST(AcuityKl, FollowsThePublishedProcedure) {
  for (const int kind : {0, 2, 4}) {
    SCOPED_TRACE(kind);
    const std::vector<float> data = range_test_data(kind);
    double largest = 0;
    for (const float value : data) largest = std::max(largest, std::fabs(double{value}));
    const size_t count = 2048;
    double least = INFINITY;
    for (size_t kept = count; kept >= 128; kept -= 64)
      least = std::min(least, divergence(data, count, kept, 128));
    const Range range = acuity(data, "s8", "acuity-kl:11");
    const auto kept = static_cast<size_t>(std::lround(range.max / largest * 2048));
    // Bins of the histogram are up to 16 times as wide as those of the procedure, so whether its
    // last bin is empty is not known.
    double found = INFINITY;
    for (size_t near = kept - 16; near <= std::min(count, kept + 16); ++near)
      found = std::min(found, divergence(data, count, near, 128));
    EXPECT_LE(found, 1.1 * least);
  }
}

TEST(AcuityKl, CutsBothBoundsAtOneMagnitude) {
  const Range range = acuity(range_test_data(4), "u8");
  EXPECT_LT(range.max, 40);
  EXPECT_EQ(range.min, -range.max);
  const Range positive = acuity(range_test_data(2), "u8");
  EXPECT_EQ(positive.min, 0);
  EXPECT_EQ(acuity({}, "u8"), Range{});
  EXPECT_EQ(acuity({2, 2}, "u8"), (Range{0, 2}));
  for (const char* text : {"acuity-kl:9", "acuity-kl:13", "acuity-kl:x"})
    EXPECT_FALSE(parse_range_method(text)) << text;
}

}  // namespace
}  // namespace acuate
