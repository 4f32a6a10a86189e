#pragma once

#include <functional>
#include <string>

#include "report/plots/figure.h"
#include "report/report.h"

namespace acuate {

// Path data of a histogram's columns upwards from `base`: what the range represents, and what it
// clips. Columns side by side are one outline. Both are empty for histograms that cannot be drawn:
// without a count, of more than 256 bins, or of extent that is not finite.
struct HistogramOutline {
  std::string inside, outside;
  bool empty() const { return inside.empty() && outside.empty(); }
};
HistogramOutline histogram_outline(const ReportTensor& tensor, const PlotScale& x, double base,
                                   const std::function<double(int64_t count)>& height_of);

// Of the histogram, 0 where there is none.
int64_t highest_count(const ReportTensor& tensor);

}  // namespace acuate
