#include "report/plots/histogram_outline.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace acuate {
namespace {

constexpr size_t kMaxBins = 256;

}  // namespace

int64_t highest_count(const ReportTensor& tensor) {
  if (!tensor.histogram || tensor.histogram->counts.empty()) return 0;
  return *std::max_element(tensor.histogram->counts.begin(), tensor.histogram->counts.end());
}

HistogramOutline histogram_outline(const ReportTensor& tensor, const PlotScale& x, double base,
                                   const std::function<double(int64_t)>& height_of) {
  HistogramOutline out;
  if (highest_count(tensor) <= 0) return out;
  const ReportHistogram& histogram = *tensor.histogram;
  const size_t bins = histogram.counts.size();
  const double step = (histogram.max - histogram.min) / static_cast<double>(bins);
  if (bins > kMaxBins || !std::isfinite(histogram.max - histogram.min) || step < 0) return out;
  const double least = tensor.range_min.value_or(-INFINITY);
  const double greatest = tensor.range_max.value_or(INFINITY);
  std::string* open = nullptr;  // the outline that the column before belongs to
  for (size_t i = 0; i < bins; ++i) {
    const double left = histogram.min + step * static_cast<double>(i);
    const double centre = left + step / 2;
    std::string* path = centre < least || centre > greatest ? &out.outside : &out.inside;
    if (histogram.counts[i] <= 0) path = nullptr;
    if (open != nullptr && open != path) *open += fmt::format("V{:g}z", base);
    if (path != nullptr) {
      if (open != path) *path += fmt::format("M{:.4g} {:g}", x(left), base);
      const double right = std::max(x(left + step), x(left) + (open == path ? 0 : 0.7));
      *path += fmt::format("V{:.4g}H{:.4g}", base - height_of(histogram.counts[i]), right);
    }
    open = path;
  }
  if (open != nullptr) *open += fmt::format("V{:g}z", base);
  return out;
}

}  // namespace acuate
