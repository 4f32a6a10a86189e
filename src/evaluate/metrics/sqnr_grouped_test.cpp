#include <cmath>

#include <gmock/gmock.h>

#include "evaluate/metric_test_support.h"

namespace acuate {

void register_evaluate_sqnr(MetricRegistry& registry);
void register_evaluate_sqnr_grouped(MetricRegistry& registry);

namespace {

using ::testing::HasSubstr;

// [1, 6, 8]: four rows of pixels up to 320, two of scores up to 0.9; rounded to the grid of 8 bits
// that holds them all, as a Concat quantizes them.
std::pair<Tensor, Tensor> boxes_and_scores() {
  Tensor exact = Tensor::allocate(ElementType::Float, {1, 6, 8});
  Tensor rounded = Tensor::allocate(ElementType::Float, {1, 6, 8});
  const float scale = 320.0F / 255;
  for (size_t i = 0; i < 48; ++i) {
    const float x =
        i < 32 ? 320 * static_cast<float>(i + 1) / 32 : 0.9F * static_cast<float>(i - 31) / 16;
    exact.mutable_values<float>()[i] = x;
    rounded.mutable_values<float>()[i] = std::nearbyint(x / scale) * scale;
  }
  return {exact, rounded};
}

// The trap: the whole says more than 40 dB while nothing is left of the scores.
TEST(SqnrGrouped, SeesScoresDrownBesideBoxes) {
  const auto pair = boxes_and_scores();
  const MetricValue whole = run_metric(register_evaluate_sqnr, {pair}).at(0);
  const MetricValue value = run_metric(register_evaluate_sqnr_grouped, {pair}).at(0);
  EXPECT_GT(*whole.converted, 40);
  EXPECT_EQ(value.name, "sqnr_grouped_db");
  EXPECT_LT(*value.converted, 6);
  EXPECT_EQ(value.details.at("groups"), 2);
  EXPECT_EQ(value.details.at("first_channel"), 4);
  EXPECT_EQ(value.details.at("channels"), 2);
}

// One kind of values: the same as sqnr, its interval, too.
TEST(SqnrGrouped, IsSqnrWhereThereIsOneKind) {
  const std::vector<std::pair<Tensor, Tensor>> samples = {
      {Tensor::of<float>({1, 2}, {3, 4}), Tensor::of<float>({1, 2}, {2, 4})},
      {Tensor::of<float>({1, 2}, {2, 2}), Tensor::of<float>({1, 2}, {1, 2})}};
  const MetricValue grouped = run_metric(register_evaluate_sqnr_grouped, samples).at(0);
  const MetricValue whole = run_metric(register_evaluate_sqnr, samples).at(0);
  EXPECT_DOUBLE_EQ(*grouped.converted, *whole.converted);
  EXPECT_EQ(grouped.interval, whole.interval);
}

TEST(SqnrGrouped, SaysWhyThereIsNone) {
  const auto run = [](const Tensor& a, const Tensor& b) {
    return run_metric(register_evaluate_sqnr_grouped, {{a, b}}).at(0).reason;
  };
  const Tensor one = Tensor::of<float>({1}, {1}), two = Tensor::of<float>({2}, {1, 1});
  EXPECT_THAT(run(one, one), HasSubstr("infinite"));
  EXPECT_THAT(run(one, Tensor::of<float>({1}, {NAN})), HasSubstr("not finite"));
  EXPECT_THAT(run(one, two), HasSubstr("different sizes"));
}

}  // namespace
}  // namespace acuate
