#include <algorithm>
#include <cmath>
#include <limits>

#include "quantize/range_search.h"

namespace acuate {

namespace {

// A bin of width 0 counts as this fraction of its value wide, half of what a full bin measures.
constexpr double kNarrowest = 1.0 / 256;

// Kullback-Leibler divergence of the quantized distribution from the true one. True is the
// histogram, evenly spread inside each bin, with what the grid clips added to the outermost cells
// in proportion. Quantized is the mass of each grid cell (without what was clipped), evenly spread
// over the occupied part of the cell, scaled to 1. A cell that lies inside one bin costs nothing,
// hence only cells that hold an edge of a bin are visited, and each is a difference of prefix sums.
// Zeros are on every grid and left out. (Migacz, 8-bit inference with TensorRT, GTC 2017, without
// its 2048 equal bins and for any affine grid.)
class EntropyModel {
 public:
  explicit EntropyModel(const Histogram& histogram) : sums_(1) {
    for (const HistogramBin& bin : histogram.bins()) {
      if (bin.low == 0 && bin.high == 0) continue;
      const auto mass = static_cast<double>(bin.count);
      const double width = std::max(bin.high - bin.low,
                                    kNarrowest * std::max(std::fabs(bin.low), std::fabs(bin.high)));
      bins_.push_back(bin);
      Sums next = sums_.back();
      next.mass += mass;
      next.width += width;
      next.information += mass * std::log(mass / width);
      sums_.push_back(next);
    }
  }

  double divergence(const AffineGrid& grid) const {
    const double total = sums_.back().mass;
    if (total == 0) return 0;
    const double step = grid.scale;
    const auto border = [&](double cell) { return (cell - 0.5) * step; };  // below a cell
    const auto lowest = static_cast<double>(grid.lowest);
    const auto highest = static_cast<double>(grid.highest);
    const Sums below = up_to(border(lowest), 0);
    const Sums above = up_to(border(highest + 1), 0);
    const double inside = above.mass - below.mass;
    if (inside <= 0) return kInfinity;

    double cost = 0;
    size_t bin = bin_at(border(lowest), 0);
    Sums reached = below;
    double cell = lowest;
    while (cell <= highest && bin < bins_.size()) {
      cell = std::max(cell, std::floor(bins_[bin].low / step + 0.5));
      if (cell > highest) break;
      const size_t last = bin_at(border(cell + 1), bin);
      const Sums next = at(border(cell + 1), last);
      const Sums in_cell = next - reached;
      if (cell != lowest && cell != highest) cost += in_cell.loss();
      bin = last;
      reached = next;
      cell += 1;
      // Cells that a bin covers as a whole are passed over.
      if (bin < bins_.size() && bins_[bin].low < border(cell)) {
        const double end = std::min(highest, std::floor(bins_[bin].high / step + 0.5));
        if (end > cell) {
          cell = end;
          reached = at(border(cell), bin);
        }
      }
    }
    const auto edge = [&](double from, double clipped) {
      const size_t first = bin_at(border(from), 0);
      const Sums in_cell = up_to(border(from + 1), first) - at(border(from), first);
      if (clipped <= 0) return in_cell.loss();
      if (in_cell.mass <= 0) return kInfinity;
      const double grown = (in_cell.mass + clipped) / in_cell.mass;
      return grown * in_cell.loss() + (in_cell.mass + clipped) * std::log(grown);
    };
    cost += edge(lowest, below.mass) + edge(highest, total - above.mass);
    return cost / total + std::log(inside / total);
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();

  struct Sums {
    double mass = 0;
    double width = 0;        // that is occupied
    double information = 0;  // Σ mass · log(mass / width)

    Sums operator-(const Sums& other) const {
      return {mass - other.mass, width - other.width, information - other.information};
    }
    // Σ mass · log(density / mean density), at least 0.
    double loss() const {
      return mass <= 0 || width <= 0 ? 0
                                     : std::max(0.0, information - mass * std::log(mass / width));
    }
  };

  // The first bin from `from` on that reaches above x.
  size_t bin_at(double x, size_t from) const {
    return static_cast<size_t>(
        std::partition_point(bins_.begin() + static_cast<ptrdiff_t>(from), bins_.end(),
                             [&](const HistogramBin& bin) { return bin.high <= x; }) -
        bins_.begin());
  }
  // Sums over what lies below x, which bin_at() found `bin` for.
  Sums at(double x, size_t bin) const {
    Sums sums = sums_[bin];
    if (bin == bins_.size() || x <= bins_[bin].low) return sums;
    const double part = (x - bins_[bin].low) / (bins_[bin].high - bins_[bin].low);
    const Sums whole = sums_[bin + 1] - sums;
    sums.mass += part * whole.mass;
    sums.width += part * whole.width;
    sums.information += part * whole.information;
    return sums;
  }
  Sums up_to(double x, size_t from) const { return at(x, bin_at(x, from)); }

  std::vector<HistogramBin> bins_;
  std::vector<Sums> sums_;  // over the first n bins
};

Range entropy(const Histogram& histogram, const Scheme& scheme) {
  const EntropyModel model(histogram);
  return cheapest_range(histogram, scheme,
                        [&](const AffineGrid& grid) { return model.divergence(grid); });
}

// A frequency is only known of cells that hold several values; of 8 bits there are 256.
RangeNeeds needs(std::string_view) {
  return {1, uint64_t{10} * 256, "a divergence needs some ten values in each of 256 cells"};
}

}  // namespace

void register_quantize_entropy(RangeMethodRegistry& registry) {
  registry.add({
      .id = "entropy",
      .doc = "the range with the least Kullback-Leibler divergence, on the scheme's own grid",
      .prepare = without_argument("entropy", entropy),
      .needs = needs,
  });
}

}  // namespace acuate
