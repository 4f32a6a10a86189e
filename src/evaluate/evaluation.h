#pragma once

#include <functional>
#include <vector>

#include "base/progress.h"
#include "evaluate/metric.h"
#include "runtime/artifact.h"

namespace acuate {

// What is measured between a float model and a converted one.
struct Evaluation {
  std::vector<const Metric*> metrics;
  MetricContext context;  // output names are filled in
  Progress progress;
};

// Runs both on every sample and returns the metrics' values, in the order of the metrics. Both must
// have the same inputs and outputs by name; outputs are compared in the order of the baseline's.
Result<std::vector<MetricValue>> evaluate_pair(
    Runnable& baseline, Runnable& converted, size_t samples,
    const std::function<Result<std::vector<Tensor>>(size_t)>& load,
    const std::function<std::string(size_t)>& sample_name, Evaluation evaluation);

}  // namespace acuate
