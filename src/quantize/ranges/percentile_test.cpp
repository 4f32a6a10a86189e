#include <gtest/gtest.h>

#include "quantize/range.h"

namespace acuate {
namespace {

// 1, 2, …, 10,000 thousandths, the first half negative where asked for.
Histogram ramp(bool both_signs) {
  std::vector<float> data;
  for (int i = 1; i <= 10000; ++i)
    data.push_back(static_cast<float>(both_signs && i % 2 == 0 ? -i : i) / 1000.0f);
  Histogram histogram;
  histogram.add(data);
  return histogram;
}

Range percentile(const char* text, const Histogram& histogram, const char* scheme) {
  return parse_range_method(text)->range(histogram, *schemes().lookup(scheme));
}

TEST(Percentile, SymmetricSchemesKeepThatShareOfMagnitudes) {
  const Range range = percentile("percentile:99", ramp(true), "s8");
  EXPECT_NEAR(range.max, 9.9, 0.005);
  EXPECT_EQ(range.min, -range.max);
  EXPECT_NEAR(percentile("percentile", ramp(true), "s8").max, 9.999, 0.001);
}

TEST(Percentile, AffineSchemesCutHalfFromEachTail) {
  const Range range = percentile("percentile:99", ramp(true), "u8");
  EXPECT_NEAR(range.max, 9.9, 0.005);
  EXPECT_NEAR(range.min, -9.9, 0.005);
  const Range one_sided = percentile("percentile:99", ramp(false), "u8");
  EXPECT_NEAR(one_sided.max, 9.95, 0.005);
  EXPECT_EQ(one_sided.min, 0);
}

TEST(Percentile, AHundredIsMinmax) {
  EXPECT_EQ(percentile("percentile:100", ramp(false), "u8").max, 10);
  EXPECT_EQ(percentile("percentile:100", ramp(true), "s8").max, 10);
}

TEST(Percentile, ImpossibleSharesAreErrors) {
  for (const char* text :
       {"percentile:0.99", "percentile:101", "percentile:x", "percentile:nan", "percentile:-1"})
    EXPECT_FALSE(parse_range_method(text)) << text;
}

}  // namespace
}  // namespace acuate
