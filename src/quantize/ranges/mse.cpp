#include <array>
#include <cmath>
#include <limits>

#include "quantize/range.h"

namespace acuate {

namespace {

// The expected squared error as one bound or both shrink has a broad minimum, with ripples where
// grid points cross dense values, and for heavy tails it lies orders of magnitude below the
// extreme: hence a geometric scan over 2^-16…1 first, then two ever finer ones around the best.
struct Search {
  const GridNoiseModel& model;
  const Scheme& scheme;

  double error(Range range) const {
    return model.noise(scheme.from_range(range.min, range.max).grid()).total();
  }

  // The factor in (0, 1] with the least error(shrink(factor)); 1 unless another is better.
  template <class Shrink>
  double best_factor(const Shrink& shrink) const {
    double best = 1;
    double least = error(shrink(1.0));
    const auto scan = [&](double centre, double ratio, int first, int last) {
      for (int i = first; i <= last; ++i) {
        const double factor = std::min(1.0, centre * std::pow(ratio, -i));
        const double found = error(shrink(factor));
        if (found < least) {
          least = found;
          best = factor;
        }
      }
    };
    constexpr std::array<double, 3> kRatios = {1.189207115002721, 1.04,
                                               1.008};  // 2^(1/4), then finer
    scan(1, kRatios[0], 1, 64);
    scan(best, kRatios[1], -4, 4);
    scan(best, kRatios[2], -4, 4);
    return best;
  }
};

Range mse(const Histogram& histogram, const Scheme& scheme) {
  const auto extremes = histogram.range();
  if (!extremes) return {};
  const Range whole = usable_range({extremes->min, extremes->max}, scheme);
  const GridNoiseModel model(histogram);
  const Search search{model, scheme};
  const auto scaled = [](Range range, double low, double high) {
    return Range{range.min * low, range.max * high};
  };
  // Both bounds together, then, where they may differ, each for itself: twice, since one shifts the
  // grid of the other.
  const double both =
      search.best_factor([&](double factor) { return scaled(whole, factor, factor); });
  Range best = scaled(whole, both, both);
  if (scheme.symmetric || whole.min == 0 || whole.max == 0) return best;
  double least = search.error(best);
  for (int round = 0; round < 2; ++round) {
    for (const bool low : {true, false}) {
      const Range start = low ? Range{whole.min, best.max} : Range{best.min, whole.max};
      const auto shrink = [&](double factor) {
        return low ? scaled(start, factor, 1) : scaled(start, 1, factor);
      };
      const Range found = shrink(search.best_factor(shrink));
      const double error = search.error(found);
      if (error < least) {
        least = error;
        best = found;
      }
    }
  }
  return best;
}

}  // namespace

// Trades clipping against rounding by their expected sum on this scheme's grid, from the histogram
// alone.
void register_quantize_mse(RangeMethodRegistry& registry) {
  registry.add({
      .id = "mse",
      .doc = "the range with the least expected squared error, clipping and rounding together",
      .prepare = without_argument("mse", mse),
  });
}

}  // namespace acuate
