#include <limits>

#include <gtest/gtest.h>

#include "quantize/range.h"

namespace acuate {
namespace {

Range minmax(const std::vector<float>& data, const char* scheme) {
  Histogram histogram;
  histogram.add(data);
  return parse_range_method("minmax")->range(histogram, *schemes().lookup(scheme));
}

TEST(Minmax, KeepsEveryValue) {
  EXPECT_EQ(minmax({-2, 1, 5}, "u8"), (Range{-2, 5}));
  EXPECT_EQ(minmax({-2, 1, 5}, "s8"), (Range{-5, 5}));
  EXPECT_EQ(minmax({3, 5}, "u8"), (Range{0, 5}));
}

TEST(Minmax, InfinityIsNoExtreme) {
  EXPECT_EQ(minmax({-2, 5, -std::numeric_limits<float>::infinity()}, "u8"), (Range{-2, 5}));
}

}  // namespace
}  // namespace acuate
