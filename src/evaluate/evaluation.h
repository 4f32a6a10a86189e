#pragma once

#include <functional>
#include <vector>

#include "evaluate/judge.h"
#include "runtime/artifact.h"

namespace acuate {

// Where samples come from; each is asked for once, in order.
struct EvaluationSamples {
  size_t count = 0;
  std::function<Result<std::vector<Tensor>>(size_t)> load;
  std::function<std::string(size_t)> name;
  // What labels say, for a network that takes an image of that size; empty: there are none.
  std::function<Result<Truth>(size_t, ImageSize network)> truth = {};
};

// Runs both on every sample and returns the metrics' values, in the order of the metrics. Both must
// have the same inputs and outputs by name; outputs are compared in the order of the baseline's.
// Without a baseline (null) every metric must read labels, and `baseline` of the values is empty.
// Memory does not grow by tensors with the samples.
Result<std::vector<MetricValue>> evaluate_pair(Runnable* baseline, Runnable& converted,
                                               const EvaluationSamples& samples,
                                               Evaluation evaluation);

}  // namespace acuate
