#include "quantize/range_search.h"

#include <cmath>

namespace acuate {

namespace {

Range scaled(Range range, double low, double high) { return {range.min * low, range.max * high}; }

class Search {
 public:
  Search(const Scheme& scheme, const GridCost& cost) : scheme_(scheme), cost_(cost) {}

  double cost(Range range) const { return cost_(scheme_.from_range(range.min, range.max).grid()); }

  // The factor in (0, 1] for which shrink(factor) costs least; `start` unless another is better.
  template <class Shrink>
  double best_factor(double start, bool wide, const Shrink& shrink) const {
    double best = start;
    double least = cost(shrink(start));
    const auto scan = [&](double ratio, int first, int last) {
      const double centre = best;
      for (int i = first; i <= last; ++i) {
        const double factor = centre * std::pow(ratio, -i);
        if (i == 0 || factor > 1) continue;
        const double found = cost(shrink(factor));
        if (found < least) {
          least = found;
          best = factor;
        }
      }
    };
    if (wide) scan(std::exp2(0.25), 1, 64);
    scan(1.04, -4, 4);
    scan(1.008, -4, 4);
    return best;
  }

 private:
  const Scheme& scheme_;
  const GridCost& cost_;
};

}  // namespace

Range cheapest_range(const Histogram& histogram, const Scheme& scheme, const GridCost& cost) {
  const auto extremes = histogram.range();
  if (!extremes) return {};
  const Range whole = usable_range({extremes->min, extremes->max}, scheme);
  if (whole == Range{}) return whole;
  const Search search(scheme, cost);
  const double both =
      search.best_factor(1, true, [&](double factor) { return scaled(whole, factor, factor); });
  if (scheme.symmetric || whole.min == 0 || whole.max == 0) return scaled(whole, both, both);
  // One bound shifts the grid of the other: hence a second, local round.
  double low = both;
  double high = both;
  double least = search.cost(scaled(whole, low, high));
  for (const bool wide : {true, false}) {
    for (const bool lower : {true, false}) {
      const auto shrink = [&](double factor) {
        return lower ? scaled(whole, factor, high) : scaled(whole, low, factor);
      };
      const double start = wide ? 1 : lower ? low : high;
      const double factor = search.best_factor(start, wide, shrink);
      const double found = search.cost(shrink(factor));
      if (found >= least) continue;
      least = found;
      (lower ? low : high) = factor;
    }
  }
  return scaled(whole, low, high);
}

}  // namespace acuate
