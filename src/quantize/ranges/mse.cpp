#include "quantize/range_search.h"

namespace acuate {

namespace {

Range mse(const Histogram& histogram, const Scheme& scheme) {
  const GridNoiseModel model(histogram);
  return cheapest_range(histogram, scheme,
                        [&](const AffineGrid& grid) { return model.noise(grid).total(); });
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
