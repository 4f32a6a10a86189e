#include "numeric/grid_noise.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace acuate {

namespace {

double round_half_even(double x) {
  constexpr double kShift = 0x1.8p52;  // after adding it, no fraction bits are left
  return std::fabs(x) < 0x1p51 ? (x + kShift) - kShift : x;
}

// The mean of (x - nearest integer)² over [low, high].
double mean_rounding_error(double low, double high) {
  const double low_cell = round_half_even(low);
  const double high_cell = round_half_even(high);
  const double low_offset = low - low_cell;
  const double high_offset = high - high_cell;
  const double width = high - low;
  if (low_cell == high_cell) {
    const double centre = 0.5 * (low_offset + high_offset);
    return centre * centre + width * width / 12;
  }
  const auto cube = [](double x) { return x * x * x; };
  return ((high_cell - low_cell) / 12 + (cube(high_offset) - cube(low_offset)) / 3) / width;
}

// The mean of (x - bound)² over [low, high].
double mean_clipping_error(double low, double high, double bound) {
  const double centre = 0.5 * (low + high) - bound;
  const double width = high - low;
  return centre * centre + width * width / 12;
}

}  // namespace

GridNoiseModel::GridNoiseModel(const Histogram& histogram)
    : bins_(histogram.bins()), counts_{0}, sums_{0}, squares_{0} {
  for (const HistogramBin& bin : bins_) {
    const auto count = static_cast<double>(bin.count);
    counts_.push_back(counts_.back() + count);
    sums_.push_back(sums_.back() + count * 0.5 * (bin.low + bin.high));
    squares_.push_back(squares_.back() + count * mean_clipping_error(bin.low, bin.high, 0));
  }
}

GridNoise GridNoiseModel::noise(const AffineGrid& grid) const {
  ACUATE_CHECK(std::isfinite(grid.scale) && grid.scale > 0,
               "a grid's scale is finite and positive");
  ACUATE_CHECK(grid.lowest <= 0 && grid.highest >= 0, "a grid holds zero");
  const double low = grid.scale * static_cast<double>(grid.lowest);
  const double high = grid.scale * static_cast<double>(grid.highest);
  const auto first_with_high_above = [&](double x) {
    return static_cast<size_t>(
        std::partition_point(bins_.begin(), bins_.end(),
                             [&](const HistogramBin& bin) { return bin.high <= x; }) -
        bins_.begin());
  };
  const auto first_with_low_at = [&](double x) {
    return static_cast<size_t>(
        std::partition_point(bins_.begin(), bins_.end(),
                             [&](const HistogramBin& bin) { return bin.low < x; }) -
        bins_.begin());
  };
  // Bins [0, all_below) lie at or under the grid, [all_above, end) over it, [inner_first,
  // inner_last) round to zero.
  const size_t all_below = first_with_high_above(std::nextafter(low, -INFINITY));
  const size_t all_above = std::max(all_below, first_with_low_at(std::nextafter(high, INFINITY)));
  const double inner_low = std::max(low, -0.5 * grid.scale);
  const double inner_high = std::min(high, 0.5 * grid.scale);
  const size_t inner_first = std::clamp(first_with_low_at(inner_low), all_below, all_above);
  const size_t inner_last = std::clamp(first_with_high_above(inner_high), inner_first, all_above);

  GridNoise noise;
  const auto clipped = [&](size_t from, size_t to, double bound) {
    const double squares = squares_[to] - squares_[from];
    const double error = squares - 2 * bound * (sums_[to] - sums_[from]) +
                         bound * bound * (counts_[to] - counts_[from]);
    noise.clipping += std::max(0.0, error);
  };
  clipped(0, all_below, low);
  clipped(all_above, bins_.size(), high);
  noise.rounding += squares_[inner_last] - squares_[inner_first];

  const double inverse = 1 / grid.scale;
  double rounding = 0;
  const auto add_bin = [&](const HistogramBin& bin) {
    const auto count = static_cast<double>(bin.count);
    const double from = std::max(bin.low, low);
    const double to = std::min(bin.high, high);
    if (from == bin.low && to == bin.high) {
      rounding += count * mean_rounding_error(from * inverse, to * inverse);
      return;
    }
    const double density = count / (bin.high - bin.low);
    if (to > from)
      rounding += density * (to - from) * mean_rounding_error(from * inverse, to * inverse);
    if (bin.low < low)
      noise.clipping += density * (low - bin.low) * mean_clipping_error(bin.low, low, low);
    if (bin.high > high)
      noise.clipping += density * (bin.high - high) * mean_clipping_error(high, bin.high, high);
  };
  for (size_t i = all_below; i < inner_first; ++i) add_bin(bins_[i]);
  for (size_t i = inner_last; i < all_above; ++i) add_bin(bins_[i]);
  noise.rounding += rounding * grid.scale * grid.scale;
  return noise;
}

}  // namespace acuate
