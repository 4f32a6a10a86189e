#include "quantize/range.h"

namespace acuate {

namespace {

Range minmax(const Histogram& histogram, const Scheme& scheme) {
  const auto range = histogram.range();
  return range ? usable_range({range->min, range->max}, scheme) : Range{};
}

}  // namespace

// Nothing is clipped: right where outliers carry the meaning, wrong where one of them stretches the
// step for all.
void register_quantize_minmax(RangeMethodRegistry& registry) {
  registry.add({
      .id = "minmax",
      .doc = "the smallest and largest finite value",
      .prepare = without_argument("minmax", minmax),
  });
}

}  // namespace acuate
