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

Result<std::vector<MetricValue>> evaluate_pair(Runnable* baseline, Runnable& converted,
                                               const EvaluationSamples& samples,
                                               Evaluation evaluation) {
  if (samples.count == 0) return fail("evaluation needs at least one sample");
  if (baseline == nullptr)
    for (const Metric* metric : evaluation.metrics)
      if (metric->labels.empty())
        return fail("metric '{}' compares with a float model, and none was given",
                    to_kebab_case(metric->id));
  // Both run on what the one that leads takes, and answer in its order.
  Runnable& leader = baseline != nullptr ? *baseline : converted;
  auto inputs_of_converted = positions(converted.inputs(), leader.inputs(), "input");
  if (!inputs_of_converted) return inputs_of_converted.error();
  auto output_order = positions(leader.outputs(), converted.outputs(), "output");
  if (!output_order) return output_order.error();
  for (const IoSpec& output : leader.outputs())
    evaluation.context.output_names.push_back(output.name);
  Candidate candidate(evaluation);
  for (size_t sample = 0; sample < samples.count; ++sample) {
    if (stop_requested())
      return fail("interrupted after {} of {} evaluation samples", sample, samples.count);
    const std::string name = samples.name(sample);
    auto inputs = samples.load(sample);
    if (!inputs) return inputs.error();
    auto expected = baseline != nullptr ? baseline->run(*inputs) : Result(std::vector<Tensor>());
    if (!expected) return fail("baseline, sample {}: {}", name, expected.error().message);
    const auto arranged = pick(*inputs, *inputs_of_converted);
    auto found = converted.run(arranged);
    if (!found) return fail("converted model, sample {}: {}", name, found.error().message);
    std::optional<Truth> truth;
    if (samples.truth) {
      auto labelled = samples.truth(sample, image_input_size(*inputs));
      if (!labelled) return labelled.error();
      truth = std::move(*labelled);
    }
    const auto reference =
        make_reference(evaluation, name, *inputs, std::move(*expected), std::move(truth));
    if (!reference) return reference.error();
    if (auto added = candidate.add(*reference, pick(*found, *output_order)); !added)
      return added.error();
    if (evaluation.progress)
      evaluation.progress({"evaluate", sample + 1, samples.count, "samples"});
  }
  return candidate.finish();
}

}  // namespace acuate
