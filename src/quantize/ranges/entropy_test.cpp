#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "quantize/range.h"
#include "quantize/ranges/test_data.h"

namespace acuate {
namespace {

struct Piece {
  double mass = 0, width = 0;
};

struct Counts {
  std::map<uint32_t, double> bins;  // by the upper half of the bits
  double total = 0;
  double min = 0, max = 0;

  explicit Counts(const std::vector<float>& data) {
    min = *std::min_element(data.begin(), data.end());
    max = *std::max_element(data.begin(), data.end());
    for (const float value : data) {
      if (value == 0) continue;
      bins[std::bit_cast<uint32_t>(value) >> 16] += 1;
      total += 1;
    }
  }
};

// The definition, without prefix sums: every bin cut at every border of a cell.
double divergence(const Counts& counts, const AffineGrid& grid) {
  std::map<int64_t, std::vector<Piece>> cells;
  double below = 0, above = 0;
  for (const auto& [bits, mass] : counts.bins) {
    double low = std::bit_cast<float>(bits << 16), high = std::bit_cast<float>((bits + 1) << 16);
    if (low > high) std::swap(low, high);
    low = std::max(low, counts.min), high = std::min(high, counts.max);
    for (double from = low; from < high;) {
      const double cell = std::floor(from / grid.scale + 0.5);
      const double to = std::min(high, std::nextafter((cell + 0.5) * grid.scale, INFINITY));
      const double part = mass * (to - from) / (high - low);
      const auto k = static_cast<int64_t>(cell);
      if (k < grid.lowest)
        below += part;
      else if (k > grid.highest)
        above += part;
      else
        cells[k].push_back({part, to - from});
      from = to;
    }
  }
  double inside = 0;
  for (const auto& [k, pieces] : cells)
    for (const Piece& piece : pieces) inside += piece.mass;
  if ((below > 0 && !cells.contains(grid.lowest)) || (above > 0 && !cells.contains(grid.highest)))
    return INFINITY;
  double result = 0;
  for (const auto& [k, pieces] : cells) {
    double mass = 0, width = 0;
    for (const Piece& piece : pieces) mass += piece.mass, width += piece.width;
    const double clipped = (k == grid.lowest ? below : 0) + (k == grid.highest ? above : 0);
    for (const Piece& piece : pieces) {
      const double p = piece.mass * (1 + clipped / mass) / counts.total;
      const double q = mass / inside * piece.width / width;
      result += p * std::log(p / q);
    }
  }
  return result;
}

Range entropy(const std::vector<float>& data, const Scheme& scheme) {
  Histogram histogram;
  histogram.add(data);
  return parse_range_method("entropy")->range(histogram, scheme);
}

// Grids of both kinds, symmetric and affine, against all that a coarse search over the data finds.
TEST(Entropy, DivergesLeastByTheDefinition) {
  for (int kind = 0; kind < 5; ++kind) {
    const std::vector<float> data = range_test_data(kind);
    const Counts counts(data);
    for (const char* id : {"s8", "u8"}) {
      SCOPED_TRACE(fmt::format("kind {} {}", kind, id));
      const Scheme& scheme = *schemes().lookup(id);
      const auto cost = [&](Range range) {
        return divergence(counts, scheme.from_range(range.min, range.max).grid());
      };
      const Range whole = usable_range({counts.min, counts.max}, scheme);
      const Range found = entropy(data, scheme);
      double least = cost(whole);
      for (int i = 0; i < 7; ++i)
        for (int j = 0; j < 7; ++j)
          if (i == j || !(scheme.symmetric || whole.min == 0 || whole.max == 0))
            least = std::min(least,
                             cost({whole.min * std::pow(2.2, -i), whole.max * std::pow(2.2, -j)}));
      EXPECT_LE(cost(found), 1.02 * least);
      EXPECT_LT(cost(found), INFINITY);
      EXPECT_GE(found.min, whole.min);
      EXPECT_LE(found.max, whole.max);
    }
  }
}

TEST(Entropy, LeavesOutliersOutsideAndWhatIsEvenInside) {
  const Scheme& s8 = *schemes().lookup("s8");
  EXPECT_LT(entropy(range_test_data(4), s8).max, 10);
  std::vector<float> even;
  for (int i = -20000; i <= 20000; ++i) even.push_back(static_cast<float>(i) / 20000.0f);
  EXPECT_GT(entropy(even, s8).max, 0.98);
}

TEST(Entropy, WhatHasNoDistributionKeepsItsExtremes) {
  const Scheme& u8 = *schemes().lookup("u8");
  EXPECT_EQ(entropy({}, u8), Range{});
  EXPECT_EQ(entropy({0, 0}, u8), Range{});
  EXPECT_EQ(entropy({3, 3, 3}, u8), (Range{0, 3}));
  EXPECT_EQ(entropy({-3, 5}, u8), (Range{-3, 5}));
}

}  // namespace
}  // namespace acuate
