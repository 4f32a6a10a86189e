#include "evaluate/metric.h"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>

namespace acuate {
namespace {

using ::testing::HasSubstr;

// The mean of 100 values with standard deviation s has the interval mean ± 1.96 s / 10 by the
// central limit theorem.
TEST(BootstrapInterval, AgreesWithTheNormalApproximation) {
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(std::sin(i * 12.9898) * 3);
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / 100;
  double variance = 0;
  for (double v : values) variance += (v - mean) * (v - mean) / 99;
  const auto statistic = [&](std::span<const size_t> indices) -> std::optional<double> {
    double sum = 0;
    for (size_t i : indices) sum += values[i];
    return sum / static_cast<double>(indices.size());
  };
  const auto interval = bootstrap_interval(100, 1, statistic);
  ASSERT_TRUE(interval);
  const double half = 1.96 * std::sqrt(variance) / 10;
  EXPECT_NEAR((*interval)[0], mean - half, half * 0.15);
  EXPECT_NEAR((*interval)[1], mean + half, half * 0.15);
  EXPECT_EQ(*interval, *bootstrap_interval(100, 1, statistic));
  EXPECT_NE(*interval, *bootstrap_interval(100, 2, statistic));
}

TEST(BootstrapInterval, IsNothingWithoutSpread) {
  const auto one = [](std::span<const size_t>) { return std::optional(1.0); };
  EXPECT_FALSE(bootstrap_interval(1, 0, one));
  EXPECT_TRUE(bootstrap_interval(2, 0, one));
  EXPECT_FALSE(
      bootstrap_interval(2, 0, [](std::span<const size_t>) { return std::optional<double>(); }));
}

TEST(OutputPair, RefusesOtherShapes) {
  const Tensor a = Tensor::of<float>({2}, {1, 2}), b = Tensor::of<float>({1}, {1});
  const MetricContext context{.output_names = {"y"}};
  const auto pair = output_pair({"page", std::span(&a, 1), std::span(&b, 1)}, 0, context);
  ASSERT_FALSE(pair);
  EXPECT_THAT(pair.error().message,
              HasSubstr("page: output 'y': the converted model gives shape 1, the float model 2"));
}

TEST(Metrics, AreAllRegistered) {
  MetricRegistry registry;
  register_all_metrics(registry);
  for (const char* id : {"cosine", "sqnr", "text-box-f1"})
    EXPECT_NE(registry.lookup(id), nullptr) << id;
}

}  // namespace
}  // namespace acuate
