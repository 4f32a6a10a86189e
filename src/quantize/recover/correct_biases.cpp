#include <algorithm>

#include "numeric/quantize_values.h"
#include "quantize/apply_changes.h"
#include "quantize/probe.h"
#include "quantize/recovery.h"
#include "rewrite/graph_writer.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// Means settle long before ranges do.
constexpr size_t kMostSamples = 32;

// The node once more, with quantized weights on quantized values of the float network; the mean of
// what it says too much, by channel.
Result<std::optional<size_t>> add_twin(Probe& probe, const Node& node,
                                       const EncodingIndex& encodings) {
  const TensorEncoding* data = encodings.find(node.input(0)->name);
  const TensorEncoding* weight = encodings.find(node.input(1)->name);
  if (data == nullptr || weight == nullptr || !node.output()->type.shape)
    return std::optional<size_t>();
  auto weights = float_constant(node.input(1));
  if (!weights) return std::optional<size_t>();
  Tensor rounded = Tensor::of<float>(weights->shape(), weights->values<float>());
  if (auto done = fake_quantize(rounded, weight->quantization); !done) return done.error();

  Graph& graph = probe.graph();
  GraphWriter writer(graph, probe.behind(node.output()->name),
                     std::string(node.output()->name) + "_twin", ElementType::Float);
  std::vector<Value*> inputs{
      write_fake_quantized(writer, graph.find(node.input(0)->name), data->quantization),
      writer.constant(rounded)};
  if (node.input(2) != nullptr) inputs.push_back(graph.find(node.input(2)->name));
  Value* result = writer.add(node.op_type(), inputs);
  for (const Attribute& attribute : node.attributes())
    result->producer->set_attribute(attribute.wire);
  std::vector<int64_t> axes{0};
  for (size_t axis = 2; axis < node.output()->type.shape->size(); ++axis)
    axes.push_back(static_cast<int64_t>(axis));
  Value* error = writer.add("Sub", {result, graph.find(node.output()->name)});
  return std::optional<size_t>(probe.want(*writer.reduce("ReduceMean", error, axes, false)));
}

Result<NodeBias> subtract(Node& node, const std::vector<double>& shift, size_t samples) {
  NodeBias change{node.address(), std::vector<float>(shift.size(), 0.0F)};
  if (node.input(2) != nullptr) {
    const auto old = float_constant(node.input(2));
    if (!old || old->values<float>().size() != shift.size())
      return fail("the bias of '{}' cannot be read", node.address());
    std::copy(old->values<float>().begin(), old->values<float>().end(), change.bias.begin());
  }
  for (size_t c = 0; c < shift.size(); ++c)
    change.bias[c] -= static_cast<float>(shift[c] / static_cast<double>(samples));
  set_bias(node, change.bias);
  return change;
}

Result<size_t> correct(RecoveryContext& context) {
  Probe probe(context.model);
  const EncodingIndex encodings(*context.encodings);
  std::vector<std::pair<Node*, size_t>> twins;  // with the place of the result
  for (Node* anchor : context.plan.anchors) {
    if (!anchor->is_op("Conv") && !anchor->is_op("Gemm")) continue;  // MatMul has no bias
    auto result = add_twin(probe, *anchor, encodings);
    if (!result) return result.error();
    if (*result) twins.emplace_back(anchor, **result);
  }
  if (twins.empty()) return size_t{0};
  std::vector<std::vector<double>> shifts(twins.size());
  const size_t samples = std::min(context.samples, kMostSamples);
  const auto read = [&](std::span<const Tensor> results) {
    for (size_t i = 0; i < twins.size(); ++i) {
      const auto values = results[twins[i].second].values<float>();
      shifts[i].resize(values.size());
      for (size_t c = 0; c < values.size(); ++c) shifts[i][c] += values[c];
    }
  };
  if (auto run = probe.run(context.target, samples, context.load, context.threads, read); !run)
    return run.error();
  for (size_t i = 0; i < twins.size(); ++i) {
    auto change = subtract(*twins[i].first, shifts[i], samples);
    if (!change) return change.error();
    context.changes.biases.push_back(std::move(*change));
  }
  return twins.size();
}

}  // namespace

// Rounding and clipping shift the mean of a channel, which the following layers see as a constant.
// Each layer is corrected for its own doing, measured on float inputs (Nagel et al., 2019, section
// 4.2, by data): shifts that come from layers before are theirs.
void register_quantize_correct_biases(RecoveryRegistry& registry) {
  registry.add({
      .id = "correct_biases",
      .doc = "the mean error of each layer's channels is taken from its bias",
      .phase = Recovery::Phase::Biases,
      .apply = correct,
  });
}

}  // namespace acuate
