#include <cmath>

#include <gmock/gmock.h>

#include "evaluate/metric_test_support.h"

namespace acuate {

void register_evaluate_sqnr(MetricRegistry& registry);

namespace {

using ::testing::HasSubstr;

Tensor row(std::initializer_list<float> values) {
  return Tensor::of<float>({static_cast<int64_t>(values.size())}, values);
}

MetricValue run(const std::vector<std::pair<Tensor, Tensor>>& samples) {
  return run_metric(register_evaluate_sqnr, samples).at(0);
}

// Signal 9 + 16 + 0 + 4 = 29, noise 1 + 0 + 1 + 0 = 2: sums over samples, not a mean of ratios.
TEST(Sqnr, AddsUpBeforeDividing) {
  const MetricValue value = run({{row({3, 4}), row({2, 4})}, {row({0, 2}), row({1, 2})}});
  EXPECT_EQ(value.name, "sqnr_db");
  EXPECT_EQ(value.output, "y");
  EXPECT_EQ(value.n, 2);
  ASSERT_TRUE(value.converted);
  EXPECT_NEAR(*value.converted, 10 * std::log10(29.0 / 2), 1e-12);
  EXPECT_FALSE(value.baseline);
  ASSERT_TRUE(value.interval);
  EXPECT_NEAR((*value.interval)[0], 10 * std::log10(4.0 / 1), 1e-9);
  EXPECT_NEAR((*value.interval)[1], 10 * std::log10(25.0 / 1), 1e-9);
}

TEST(Sqnr, SaysWhyThereIsNone) {
  EXPECT_THAT(run({}).reason, HasSubstr("no samples"));
  EXPECT_THAT(run({{row({1}), row({1})}}).reason, HasSubstr("infinite"));
  EXPECT_THAT(run({{row({0}), row({1})}}).reason, HasSubstr("only zeros"));
  EXPECT_THAT(run({{row({NAN}), row({1})}}).reason,
              HasSubstr("float model gives values that are not finite"));
  EXPECT_THAT(run({{row({1}), row({INFINITY})}}).reason,
              HasSubstr("converted model gives values that are not finite"));
  EXPECT_FALSE(run({{row({1}), row({1})}}).converted);
  EXPECT_FALSE(run({{row({1}), row({2})}}).interval);
}

}  // namespace
}  // namespace acuate
