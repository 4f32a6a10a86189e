#include "numeric/histogram_summary.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace acuate {
namespace {

TEST(HistogramSummary, BucketsFollowTheData) {
  std::mt19937 random(2);
  std::uniform_real_distribution<float> uniform(-1, 3);
  std::vector<float> data(200000);
  for (float& value : data) value = uniform(random);
  data[0] = -1;
  data[1] = 3;
  data[2] = std::numeric_limits<float>::quiet_NaN();
  Histogram histogram;
  histogram.add(data);
  const nlohmann::json summary = histogram_summary(histogram, 100);
  EXPECT_EQ(summary["count"], 200000);
  EXPECT_EQ(summary["nan"], 1);
  EXPECT_EQ(summary["min"], -1);
  EXPECT_EQ(summary["max"], 3);
  EXPECT_NEAR(summary["mean"].get<double>(), 1, 0.01);
  EXPECT_NEAR(summary["standard_deviation"].get<double>(), 4 / std::sqrt(12), 0.01);
  EXPECT_DOUBLE_EQ(summary["buckets"]["width"].get<double>(), 0.04);
  ASSERT_EQ(summary["buckets"]["counts"].size(), 100u);
  uint64_t total = 0;
  for (const auto& count : summary["buckets"]["counts"]) {
    total += count.get<uint64_t>();
    EXPECT_NEAR(count.get<double>(), 2000, 250);
  }
  EXPECT_EQ(total, histogram.finite_count());
}

TEST(HistogramSummary, WithoutASpreadOrWithoutValues) {
  Histogram constant;
  constant.add(std::vector<float>(10, 2.5f));
  const nlohmann::json summary = histogram_summary(constant);
  EXPECT_EQ(summary["buckets"]["counts"], nlohmann::json({10}));
  EXPECT_EQ(summary["buckets"]["low"], 2.5);
  EXPECT_EQ(summary["standard_deviation"], 0);
  const nlohmann::json empty = histogram_summary(Histogram());
  EXPECT_EQ(empty["count"], 0);
  EXPECT_TRUE(empty["min"].is_null());
  EXPECT_TRUE(empty["buckets"].is_null());
}

}  // namespace
}  // namespace acuate
