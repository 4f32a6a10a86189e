#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evaluate/metric.h"

namespace acuate {

// A condition on the converted model, `--max-drop`: `top1=0.5%` (relative drop), `top1=0.005`
// (absolute drop), or `sqnr=20dB` (floor).
struct Requirement {
  enum class Kind { RelativeDrop, AbsoluteDrop, Floor };
  std::string text;
  std::string metric;  // id of a metric, snake_case
  Kind kind = Kind::AbsoluteDrop;
  double limit = 0;
};

Result<Requirement> parse_requirement(std::string_view text);

// Whether the value is of that metric, whose unit may be left out: `sqnr_db` is of `sqnr`.
bool is_of_metric(const MetricValue& value, const std::string& metric);

// A sentence for each requirement that the values do not meet; one whose metric was not measured is
// not met.
std::vector<std::string> unmet(const std::vector<Requirement>& requirements,
                               const std::vector<MetricValue>& values);

}  // namespace acuate
