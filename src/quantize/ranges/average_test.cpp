#include <limits>

#include <gtest/gtest.h>

#include "quantize/range.h"

namespace acuate {
namespace {

Histogram samples(const std::vector<std::vector<float>>& data) {
  Histogram histogram;
  for (size_t i = data.size(); i-- > 0;) {  // the order of arrival does not matter
    histogram.add(data[i]);
    histogram.end_sample(i);
  }
  return histogram;
}

Range average(const char* text, const Histogram& histogram, const char* scheme) {
  return parse_range_method(text)->range(histogram, *schemes().lookup(scheme));
}

TEST(Average, MovesFromSampleToSample) {
  const Histogram histogram = samples({{-1, 2}, {-3, 4}, {-2, 10}});
  const Range quarter = average("average:0.25", histogram, "u8");
  EXPECT_DOUBLE_EQ(quarter.min, -1 * 0.5625 + -3 * 0.1875 + -2 * 0.25);
  EXPECT_DOUBLE_EQ(quarter.max, 2 * 0.5625 + 4 * 0.1875 + 10 * 0.25);
  EXPECT_EQ(average("average:1", histogram, "u8"), (Range{-2, 10}));
  const Range symmetric = average("average", histogram, "s8");
  EXPECT_DOUBLE_EQ(symmetric.max, 2 * 0.9801 + 4 * 0.0099 + 10 * 0.01);
  EXPECT_EQ(symmetric.min, -symmetric.max);
}

TEST(Average, PassesOverSamplesWithoutFiniteValues) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(average("average:0.5", samples({{nan}, {0, 2}, {nan}, {0, 4}}), "u8"), (Range{0, 3}));
  EXPECT_EQ(average("average", samples({{nan}}), "u8"), Range{});
}

TEST(Average, ImpossibleWeightsAreErrors) {
  for (const char* text : {"average:0", "average:1.1", "average:x", "average:-1", "average:nan"})
    EXPECT_FALSE(parse_range_method(text)) << text;
}

}  // namespace
}  // namespace acuate
