#include <cmath>

#include <gtest/gtest.h>

#include "quantize/range.h"
#include "quantize/ranges/test_data.h"

namespace acuate {
namespace {

// Σ(x − x')² over the data themselves.
double measured_error(const std::vector<float>& data, const AffineGrid& grid) {
  double total = 0;
  for (const float value : data) {
    const double k =
        std::clamp<double>(std::nearbyint(value / grid.scale), static_cast<double>(grid.lowest),
                           static_cast<double>(grid.highest));
    total += (value - k * grid.scale) * (value - k * grid.scale);
  }
  return total;
}

double error_of(const std::vector<float>& data, const Scheme& scheme, Range range) {
  return measured_error(data, scheme.from_range(range.min, range.max).grid());
}

// The best of a dense search over the data, by another path than the unit's.
double least_error(const std::vector<float>& data, const Scheme& scheme) {
  const auto [low, high] = std::minmax_element(data.begin(), data.end());
  const Range whole = usable_range({*low, *high}, scheme);
  double least = INFINITY;
  const int steps = 24;
  for (int i = 0; i < steps; ++i) {
    for (int j = 0; j < steps; ++j) {
      if (scheme.symmetric && i != j) continue;
      const Range range{whole.min * std::pow(1.35, -i), whole.max * std::pow(1.35, -j)};
      least = std::min(least, error_of(data, scheme, range));
    }
  }
  return least;
}

TEST(Mse, IsAsGoodAsADenseSearchOnTheData) {
  for (int kind = 0; kind < 5; ++kind) {
    const std::vector<float> data = range_test_data(kind);
    Histogram histogram;
    histogram.add(data);
    for (const char* id : {"s8", "u8"}) {
      SCOPED_TRACE(fmt::format("kind {} {}", kind, id));
      const Scheme& scheme = *schemes().lookup(id);
      const Range range = parse_range_method("mse")->range(histogram, scheme);
      EXPECT_LE(error_of(data, scheme, range), 1.01 * least_error(data, scheme));
      const Range minmax = parse_range_method("minmax")->range(histogram, scheme);
      EXPECT_LE(error_of(data, scheme, range), 1.001 * error_of(data, scheme, minmax));
      EXPECT_GE(range.min, minmax.min);
      EXPECT_LE(range.max, minmax.max);
    }
  }
}

TEST(Mse, ClipsOutliersAndLeavesEvenDataAlone) {
  const Scheme& s8 = *schemes().lookup("s8");
  Histogram outliers;
  std::vector<float> data = range_test_data(0);
  data[7] = 40;
  outliers.add(data);
  // N·(t/127)²/12 of rounding and (40 − t)² of clipping are least at t = 40 / (1 + N/(12·127²)).
  EXPECT_NEAR(parse_range_method("mse")->range(outliers, s8).max,
              40 / (1 + 40000 / (12 * 127.0 * 127)), 1);
  Histogram even;
  for (int i = -1000; i <= 1000; ++i) even.add(std::vector<float>{static_cast<float>(i) / 1000.0f});
  EXPECT_GT(parse_range_method("mse")->range(even, s8).max, 0.98);
}

}  // namespace
}  // namespace acuate
