#pragma once

#include <cstdint>
#include <span>

#include "report/report.h"

namespace acuate {

// Bins of any width as the report's equal ones: `edges` ascend and are one more than `counts`. A
// bin's count is spread evenly over its width, and the total is kept exactly. Empty bins at both
// ends are dropped. Without a count, or with an edge that is not finite, the result has no bins.
ReportHistogram rebin(std::span<const double> edges, std::span<const int64_t> counts,
                      int bins = 48);

}  // namespace acuate
