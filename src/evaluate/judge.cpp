#include "evaluate/judge.h"

namespace acuate {

ImageSize image_input_size(std::span<const Tensor> inputs) {
  for (const Tensor& input : inputs) {
    const Shape& shape = input.shape();
    if (shape.size() != 4) continue;
    const bool channels_first = shape[1] == 1 || shape[1] == 3 || shape[1] == 4;
    const size_t rows = channels_first ? 2 : 1;
    constexpr int64_t kLargest = 1 << 20;
    if (shape[rows] > kLargest || shape[rows + 1] > kLargest) continue;
    return {static_cast<int>(shape[rows + 1]), static_cast<int>(shape[rows])};
  }
  return {};
}

Result<Reference> make_reference(const Evaluation& evaluation, std::string sample,
                                 std::span<const Tensor> inputs, std::vector<Tensor> outputs,
                                 std::optional<Truth> truth) {
  Reference reference{
      std::move(sample), image_input_size(inputs), std::move(outputs), {}, std::move(truth)};
  const MetricContext& context = evaluation.context;
  if (context.decoder != nullptr && !reference.outputs.empty()) {
    auto decoded =
        context.decoder->decode({reference.outputs, reference.input}, context.decoder_options);
    if (!decoded) return fail("{}: float model: {}", reference.sample, decoded.error().message);
    reference.decoded = std::move(*decoded);
  }
  return reference;
}

Candidate::Candidate(const Evaluation& evaluation) : context_(evaluation.context) {
  for (const Metric* metric : evaluation.metrics)
    accumulators_.push_back(metric->create(evaluation.context));
}

Result<void> Candidate::add(const Reference& reference, std::span<const Tensor> outputs) {
  SampleOutputs sample{.sample = reference.sample,
                       .baseline = reference.outputs,
                       .converted = outputs,
                       .truth = reference.truth ? &*reference.truth : nullptr};
  Decoded decoded;
  if (context_.decoder != nullptr) {
    auto found = context_.decoder->decode({outputs, reference.input}, context_.decoder_options);
    if (!found) return fail("{}: converted model: {}", reference.sample, found.error().message);
    decoded = std::move(*found);
    sample.converted_decoded = &decoded;
    if (!reference.outputs.empty()) sample.baseline_decoded = &reference.decoded;
  }
  for (const auto& accumulator : accumulators_)
    if (auto added = accumulator->add(sample); !added) return added;
  return {};
}

std::vector<MetricValue> Candidate::finish() const {
  std::vector<MetricValue> values;
  for (const auto& accumulator : accumulators_)
    for (MetricValue& value : accumulator->finish()) values.push_back(std::move(value));
  return values;
}

}  // namespace acuate
