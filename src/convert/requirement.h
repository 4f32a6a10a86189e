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

// A sentence for each requirement that the values do not meet; one whose metric was not measured is
// not met.
std::vector<std::string> unmet(const std::vector<Requirement>& requirements,
                               const std::vector<MetricValue>& values);

}  // namespace acuate
