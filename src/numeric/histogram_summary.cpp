#include "numeric/histogram_summary.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/check.h"

namespace acuate {

namespace {

// Spreads each bin evenly over the buckets it covers, then rounds the running total, so that the
// whole is kept.
std::vector<uint64_t> resample(const std::vector<HistogramBin>& bins, double low, double width,
                               size_t buckets) {
  std::vector<double> mass(buckets);
  const auto bucket_of = [&](double x) {
    return static_cast<size_t>(
        std::clamp((x - low) / width, 0.0, static_cast<double>(buckets - 1)));
  };
  for (const HistogramBin& bin : bins) {
    const size_t first = bucket_of(bin.low);
    const size_t last = bucket_of(bin.high);
    const auto count = static_cast<double>(bin.count);
    if (first == last) {
      mass[first] += count;
      continue;
    }
    for (size_t i = first; i <= last; ++i) {
      const double from = i == first ? bin.low : low + width * static_cast<double>(i);
      const double to = i == last ? bin.high : low + width * static_cast<double>(i + 1);
      mass[i] += count * (to - from) / (bin.high - bin.low);
    }
  }
  std::vector<uint64_t> counts(buckets);
  double running = 0;
  uint64_t given = 0;
  for (size_t i = 0; i < buckets; ++i) {
    running += mass[i];
    const uint64_t until = std::max(given, static_cast<uint64_t>(std::llround(running)));
    counts[i] = until - given;
    given = until;
  }
  return counts;
}

}  // namespace

nlohmann::json histogram_summary(const Histogram& histogram, int max_buckets) {
  ACUATE_CHECK(max_buckets > 0, "a summary has at least one bucket");
  nlohmann::json summary = {
      {"count", histogram.total()},
      {"zeros", histogram.positive_zero_count() + histogram.negative_zero_count()},
      {"nan", histogram.nan_count()},
      {"positive_infinity", histogram.positive_infinity_count()},
      {"negative_infinity", histogram.negative_infinity_count()},
      {"min", nullptr},
      {"max", nullptr},
      {"mean", nullptr},
      {"standard_deviation", nullptr},
      {"buckets", nullptr},
  };
  const auto range = histogram.range();
  if (!range) return summary;
  const auto count = static_cast<double>(histogram.finite_count());
  const double mean = histogram.sum() / count;
  summary["min"] = range->min;
  summary["max"] = range->max;
  summary["mean"] = mean;
  summary["standard_deviation"] =
      std::sqrt(std::max(0.0, histogram.sum_of_squares() / count - mean * mean));
  const double span = static_cast<double>(range->max) - range->min;
  const size_t buckets = span > 0 ? static_cast<size_t>(max_buckets) : 1;
  const double width = span > 0 ? span / static_cast<double>(buckets) : 1;
  summary["buckets"] = {{"low", range->min},
                        {"width", span > 0 ? width : 0.0},
                        {"counts", resample(histogram.bins(), range->min, width, buckets)}};
  return summary;
}

}  // namespace acuate
