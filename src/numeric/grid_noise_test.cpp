#include "numeric/grid_noise.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "numeric/scheme.h"

namespace acuate {
namespace {

// The same sums over the data themselves.
GridNoise measured(const std::vector<float>& data, const AffineGrid& grid) {
  GridNoise noise;
  for (const float value : data) {
    const double k = std::nearbyint(value / grid.scale);
    const double clamped =
        std::clamp<double>(k, static_cast<double>(grid.lowest), static_cast<double>(grid.highest));
    const double error = value - clamped * grid.scale;
    const bool outside = value < static_cast<double>(grid.lowest) * grid.scale ||
                         value > static_cast<double>(grid.highest) * grid.scale;
    (outside ? noise.clipping : noise.rounding) += error * error;
  }
  return noise;
}

std::vector<float> samples(int kind) {
  std::mt19937 random(static_cast<unsigned>(kind));
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> data(200000);
  for (float& value : data) {
    value = normal(random);
    if (kind == 1) value = std::max(value, 0.0f);
    if (kind == 2) value = std::exp(2 * value);
    if (kind == 3) value = 5 - std::fabs(value) * 3;
  }
  return data;
}

TEST(GridNoise, EqualsTheNoiseOfTheData) {
  for (int kind = 0; kind < 4; ++kind) {
    const std::vector<float> data = samples(kind);
    Histogram histogram;
    histogram.add(data);
    const GridNoiseModel model(histogram);
    EXPECT_NEAR(model.signal() / histogram.sum_of_squares(), 1, kind == 2 ? 2e-3 : 1e-4);
    const auto [min, max] = *histogram.range();
    for (const char* scheme : {"s8", "u8"}) {
      for (const double part : {1.0, 0.8, 0.3, 0.1, 0.02}) {
        SCOPED_TRACE(fmt::format("kind {} {} {}", kind, scheme, part));
        const AffineGrid grid = schemes().lookup(scheme)->from_range(min * part, max * part).grid();
        const GridNoise expected = measured(data, grid);
        const GridNoise found = model.noise(grid);
        EXPECT_NEAR(found.rounding, expected.rounding, 0.02 * expected.rounding + 1e-9);
        // A few outliers far from the bound know their place to one bin only.
        EXPECT_NEAR(found.clipping, expected.clipping,
                    0.03 * expected.clipping + 1e-3 * expected.rounding);
      }
    }
  }
}

TEST(GridNoise, IntegratesOneWideBinExactly) {
  // 128 values, even over [1, 1 + 127/16384]: one bin, many grid cells.
  std::vector<float> data;
  for (int i = 0; i < 128; ++i) data.push_back(1 + static_cast<float>(i) / 16384.0f);
  Histogram histogram;
  histogram.add(data);
  ASSERT_EQ(histogram.bins().size(), 1u);
  const double width = 127.0 / 16384;
  const GridNoiseModel model(histogram);
  // A step of a 16th of the width, aligned with the bin: each cell gives step²/12.
  const double step = width / 16;
  const double offset = std::nearbyint(1 / step) * step - 1;
  const AffineGrid fine{step, 0, 1 << 20};
  EXPECT_NEAR(model.noise(fine).rounding, 128 * step * step / 12,
              128 * step * step / 12 * (0.1 + std::fabs(offset)));
  // Grid points 0 and 1 only: everything but the first value is clipped, ∫(x − 1)² = width²/3.
  const GridNoise clipped = model.noise({1, 0, 1});
  EXPECT_NEAR(clipped.total(), 128 * width * width / 3, 1e-12);
  // Grid 0 … 1 + width/2 with a step of that: the upper half is clipped.
  const GridNoise half = model.noise({1 + width / 2, 0, 1});
  EXPECT_NEAR(half.clipping, 64 * (width / 2) * (width / 2) / 3, 1e-12);
  EXPECT_NEAR(half.rounding, 64 * (width / 2) * (width / 2) / 3, 1e-12);
}

TEST(GridNoise, ValuesOnTheGridHaveNone) {
  Histogram histogram;
  histogram.add(std::vector<float>{0, 0, 0.5f, 0.5f});
  const GridNoise noise = GridNoiseModel(histogram).noise({0.5, -128, 127});
  EXPECT_EQ(noise.total(), 0);
  EXPECT_EQ(GridNoiseModel(Histogram()).noise({1, -128, 127}).total(), 0);
}

TEST(GridNoise, ImpossibleGridsAreOurBug) {
  const GridNoiseModel model{Histogram()};
  EXPECT_THROW((void)model.noise({0, -1, 1}), InternalError);
  EXPECT_THROW((void)model.noise({1, 1, 5}), InternalError);
}

}  // namespace
}  // namespace acuate
