#pragma once

#include <utility>
#include <vector>

#include "evaluate/judge.h"

namespace acuate {

void register_evaluate_classifier(DecoderRegistry& registry);

inline Tensor row_of(std::initializer_list<float> values) {
  return Tensor::of<float>({1, static_cast<int64_t>(values.size())}, values);
}

// Takes a row for the scores of the classes.
inline MetricContext classifier_context() {
  static const DecoderRegistry registry = [] {
    DecoderRegistry all;
    register_evaluate_classifier(all);
    return all;
  }();
  const Decoder* decoder = registry.lookup("classifier");
  return {.decoder = decoder, .decoder_options = complete_options(*decoder, {}).value()};
}

inline std::vector<Truth> class_truths(std::initializer_list<int64_t> numbers) {
  std::vector<Truth> truths;
  for (const int64_t number : numbers) truths.push_back({.category = number});
  return truths;
}

// Reads detections off a row of pairs (left, score): ten pixels wide and high, one class.
inline MetricContext detection_context() {
  static const Decoder decoder{
      "rows", "", "detections", {}, [](const RawOutputs& raw, const DecoderOptions&) {
        Decoded decoded;
        const auto v = raw.outputs[0].values<float>();
        for (size_t i = 0; i < v.size(); i += 2)
          decoded.detections.push_back({{v[i], 0, v[i] + 10, 10}, v[i + 1], 0});
        return Result(std::move(decoded));
      }};
  return {.decoder = &decoder};
}

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
