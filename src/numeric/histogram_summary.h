#pragma once

#include <nlohmann/json_fwd.hpp>

#include "numeric/histogram.h"

namespace acuate {

// For plots and the report: `count`, `zeros`, `nan`, `positive_infinity`, `negative_infinity`,
// `min`, `max`, `mean`, `standard_deviation`, and `buckets` {`low`, `width`, `counts`}: at most
// `max_buckets` equal buckets from min to max, whose counts add up to the finite values. A member
// that no finite value backs is null; `buckets` is null then, too.
nlohmann::json histogram_summary(const Histogram& histogram, int max_buckets = 128);

}  // namespace acuate
