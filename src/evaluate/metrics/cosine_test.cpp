#include <cmath>

#include <gmock/gmock.h>

#include "evaluate/metric_test_support.h"

namespace acuate {

void register_evaluate_cosine(MetricRegistry& registry);

namespace {

using ::testing::HasSubstr;

Tensor row(std::initializer_list<float> values) {
  return Tensor::of<float>({static_cast<int64_t>(values.size())}, values);
}

MetricValue run(const std::vector<std::pair<Tensor, Tensor>>& samples) {
  return run_metric(register_evaluate_cosine, samples).at(0);
}

TEST(Cosine, IsTheCosineOfTheAngle) {
  EXPECT_NEAR(*run({{row({1, 0}), row({1, 1})}}).converted, std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(*run({{row({1, 2}), row({-1, -2})}}).converted, -1, 1e-12);
  EXPECT_NEAR(*run({{row({1, 2}), row({5, 10})}}).converted, 1, 1e-12);
}

TEST(Cosine, TreatsAllSamplesAsOneVector) {
  const MetricValue value = run({{row({1}), row({2})}, {row({2}), row({1})}});
  EXPECT_NEAR(*value.converted, 4.0 / 5, 1e-12);
  EXPECT_EQ(value.baseline, 1);
  EXPECT_EQ(value.n, 2);
  EXPECT_TRUE(value.interval);
}

TEST(Cosine, SaysWhyThereIsNone) {
  EXPECT_THAT(run({}).reason, HasSubstr("no samples"));
  EXPECT_THAT(run({{row({1}), row({0})}}).reason, HasSubstr("only zeros"));
  EXPECT_THAT(run({{row({1}), row({NAN})}}).reason, HasSubstr("not finite"));
}

}  // namespace
}  // namespace acuate
