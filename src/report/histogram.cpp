#include "report/histogram.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace acuate {

ReportHistogram rebin(std::span<const double> edges, std::span<const int64_t> counts, int bins) {
  ACUATE_CHECK(bins > 0 && edges.size() == counts.size() + 1, "rebin: edges and counts disagree");
  while (!counts.empty() && counts.front() == 0) {
    counts = counts.subspan(1);
    edges = edges.subspan(1);
  }
  while (!counts.empty() && counts.back() == 0) {
    counts = counts.first(counts.size() - 1);
    edges = edges.first(edges.size() - 1);
  }
  const auto is_finite = [](double edge) { return std::isfinite(edge); };
  if (counts.empty() || !std::all_of(edges.begin(), edges.end(), is_finite)) return {};

  ReportHistogram result{edges.front(), edges.back(), std::vector<int64_t>(bins)};
  const double width = (result.max / bins) - (result.min / bins);
  const auto column = [&](double x) {
    if (!(width > 0)) return 0;
    return static_cast<int>(std::clamp((x - result.min) / width, 0.0, bins - 1.0));
  };
  for (size_t i = 0; i < counts.size(); ++i) {
    // Differences of the rounded cumulative count sum to the count itself.
    const double low = edges[i];
    const double span = edges[i + 1] - low;
    const int last = column(edges[i + 1]);
    int64_t placed = 0;
    for (int c = column(low); c <= last; ++c) {
      const double part = span > 0 && c < last ? (result.min + width * (c + 1) - low) / span : 1.0;
      const auto upto = static_cast<int64_t>(std::llround(std::min(part, 1.0) * counts[i]));
      result.counts[c] += upto - placed;
      placed = upto;
    }
  }
  return result;
}

}  // namespace acuate
