#include "quantize/rounding.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace acuate {
namespace {

double cost(const std::vector<float>& a, const std::vector<float>& b, const std::vector<double>& h,
            size_t n) {
  double sum = 0;
  for (size_t row = 0; row * n < a.size(); ++row)
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j)
        sum += (a[row * n + i] - b[row * n + i]) * h[i * n + j] * (a[row * n + j] - b[row * n + j]);
  return sum;
}

std::vector<float> nearest(const std::vector<float>& weights, double scale) {
  std::vector<float> rounded;
  for (const float w : weights)
    rounded.push_back(static_cast<float>(std::nearbyint(w / scale) * scale));
  return rounded;
}

TEST(Rounding, LosesLessThanTheNearestOnCorrelatedData) {
  constexpr size_t n = 24, rows = 8;
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  std::vector<double> h(n * n);
  for (int sample = 0; sample < 200; ++sample) {
    std::vector<double> x(n);
    const double common = 3 * normal(random);  // all channels go together
    for (double& value : x) value = common + normal(random);
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j) h[i * n + j] += x[i] * x[j];
  }
  std::vector<float> weights(rows * n);
  for (float& w : weights) w = static_cast<float>(0.3 * normal(random));
  const std::vector<AffineGrid> grids(rows, AffineGrid{0.05, -127, 127});
  std::vector<float> rounded = weights;
  round_to_data(rounded, h, n, grids);
  for (const float w : rounded)
    EXPECT_NEAR(w / 0.05, std::nearbyint(w / 0.05), 1e-4);  // on the grid
  EXPECT_LT(cost(weights, rounded, h, n), 0.3 * cost(weights, nearest(weights, 0.05), h, n));
}

TEST(Rounding, IsTheNearestWhereElementsAreIndependent) {
  const std::vector<double> h{2, 0, 0, 5};
  std::vector<float> weights{0.26F, -0.74F};
  const std::vector<AffineGrid> grids{{0.5, -127, 127}};
  round_to_data(weights, h, 2, grids);
  EXPECT_EQ(weights, (std::vector<float>{0.5F, -0.5F}));
}

TEST(Rounding, StaysOnTheGridWithoutData) {
  const std::vector<double> h(4, 0);
  std::vector<float> weights{100, -0.2F};
  const std::vector<AffineGrid> grids{{0.5, -127, 127}};
  round_to_data(weights, h, 2, grids);
  EXPECT_EQ(weights, (std::vector<float>{63.5F, 0.0F}));
}

}  // namespace
}  // namespace acuate
