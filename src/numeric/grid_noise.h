#pragma once

#include <cstdint>
#include <vector>

#include "numeric/histogram.h"

namespace acuate {

// The real values k · scale for the integers lowest ≤ k ≤ highest: an affine quantization with its
// zero point at k = 0.
struct AffineGrid {
  double scale = 1;
  int64_t lowest = 0;
  int64_t highest = 0;
};

// Σ(x − x')² over all values, by cause: values beyond the outermost grid points are clipped, all
// others are rounded.
struct GridNoise {
  double rounding = 0;
  double clipping = 0;
  double total() const { return rounding + clipping; }
};

// Expected quantization noise of a histogram's finite values on any grid, without the data. Values
// are taken as evenly spread over their bin and the squared error is integrated over it in closed
// form; a bin that lies within one grid cell is its centre's squared error plus width²/12. Answers
// cost time for the bins between half a step and the clipping bounds only: both ends come from
// prefix sums.
class GridNoiseModel {
 public:
  explicit GridNoiseModel(const Histogram& histogram);
  GridNoise noise(const AffineGrid& grid) const;
  // Σx² by the same reading of the bins, for a ratio to the noise.
  double signal() const { return squares_.back(); }

 private:
  std::vector<HistogramBin> bins_;
  // Over the first n bins: count, Σx, Σx².
  std::vector<double> counts_;
  std::vector<double> sums_;
  std::vector<double> squares_;
};

}  // namespace acuate
