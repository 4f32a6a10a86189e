#pragma once

#include <utility>
#include <vector>

#include "evaluate/judge.h"

namespace acuate {

// Runs one metric over samples of one output, `y`; `truths` has none or one for each sample.
inline std::vector<MetricValue> run_metric(void (*register_metric)(MetricRegistry&),
                                           const std::vector<std::pair<Tensor, Tensor>>& samples,
                                           MetricContext context = {},
                                           const std::vector<Truth>& truths = {}) {
  MetricRegistry registry;
  register_metric(registry);
  if (context.output_names.empty()) context.output_names = {"y"};
  const Evaluation evaluation{{&registry.all().at(0)}, std::move(context)};
  Candidate candidate(evaluation);
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto truth = truths.empty() ? std::nullopt : std::optional(truths[i]);
    const auto& [baseline, converted] = samples[i];
    const auto reference = make_reference(evaluation, "sample", {}, {baseline}, truth);
    candidate.add(reference.value(), {&converted, 1}).value();
  }
  return candidate.finish();
}

}  // namespace acuate
