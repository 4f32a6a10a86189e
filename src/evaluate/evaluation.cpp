#include "evaluate/evaluation.h"

#include "base/stop.h"
#include "base/text.h"

namespace acuate {
namespace {

// For each of `names`, where it stands among the other's ports.
Result<std::vector<size_t>> positions(const std::vector<IoSpec>& wanted,
                                      const std::vector<IoSpec>& found, std::string_view what) {
  std::vector<size_t> out;
  for (const IoSpec& spec : wanted) {
    size_t i = 0;
    while (i < found.size() && found[i].name != spec.name) ++i;
    if (i == found.size())
      return fail("the converted model has no {} '{}', which the baseline has", what,
                  to_valid_utf8(spec.name));
    out.push_back(i);
  }
  return out;
}

std::vector<Tensor> pick(const std::vector<Tensor>& tensors, const std::vector<size_t>& order) {
  std::vector<Tensor> out;
  for (const size_t i : order) out.push_back(tensors[i]);
  return out;
}

}  // namespace

Result<std::vector<MetricValue>> evaluate_pair(
    Runnable& baseline, Runnable& converted, size_t samples,
    const std::function<Result<std::vector<Tensor>>(size_t)>& load,
    const std::function<std::string(size_t)>& sample_name, Evaluation evaluation) {
  if (samples == 0) return fail("evaluation needs at least one sample");
  auto inputs_of_converted = positions(converted.inputs(), baseline.inputs(), "input");
  if (!inputs_of_converted) return inputs_of_converted.error();
  auto output_order = positions(baseline.outputs(), converted.outputs(), "output");
  if (!output_order) return output_order.error();
  for (const IoSpec& output : baseline.outputs())
    evaluation.context.output_names.push_back(output.name);
  std::vector<std::unique_ptr<MetricAccumulator>> accumulators;
  for (const Metric* metric : evaluation.metrics)
    accumulators.push_back(metric->create(evaluation.context));
  for (size_t sample = 0; sample < samples; ++sample) {
    if (stop_requested())
      return fail("interrupted after {} of {} evaluation samples", sample, samples);
    auto inputs = load(sample);
    if (!inputs) return inputs.error();
    auto expected = baseline.run(*inputs);
    if (!expected)
      return fail("baseline, sample {}: {}", sample_name(sample), expected.error().message);
    const auto arranged = pick(*inputs, *inputs_of_converted);
    auto found = converted.run(arranged);
    if (!found)
      return fail("converted model, sample {}: {}", sample_name(sample), found.error().message);
    const auto ordered = pick(*found, *output_order);
    const std::string name = sample_name(sample);
    for (auto& accumulator : accumulators)
      if (auto added = accumulator->add({name, *expected, ordered}); !added) return added.error();
    if (evaluation.progress) evaluation.progress({"evaluate", sample + 1, samples, "samples"});
  }
  std::vector<MetricValue> values;
  for (const auto& accumulator : accumulators)
    for (MetricValue& value : accumulator->finish()) values.push_back(std::move(value));
  return values;
}

}  // namespace acuate
