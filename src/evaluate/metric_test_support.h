#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "evaluate/metric.h"

namespace acuate {

// Runs one metric over samples of one output, `y`.
inline std::vector<MetricValue> run_metric(void (*register_metric)(MetricRegistry&),
                                           const std::vector<std::pair<Tensor, Tensor>>& samples,
                                           MetricContext context = {.output_names = {"y"}}) {
  MetricRegistry registry;
  register_metric(registry);
  const auto metric = registry.all().at(0).create(context);
  for (const auto& [baseline, converted] : samples)
    metric->add({"sample", std::span(&baseline, 1), std::span(&converted, 1)}).value();
  return metric->finish();
}

}  // namespace acuate
