#include <algorithm>

#include "quantize/apply_changes.h"
#include "quantize/patch_moments.h"
#include "quantize/recovery.h"
#include "quantize/rounding.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

constexpr size_t kMostSamples = 16;
constexpr size_t kLargestPatch = 1536;            // n³/3 multiplications: about a second
constexpr size_t kMostBytes = size_t{256} << 20;  // of moments at once

struct Layer {
  Node* node = nullptr;
  PatchMoments shape;
  const TensorEncoding* data = nullptr;
  const TensorEncoding* weights = nullptr;
  size_t result = 0;
  std::vector<double> moments;

  size_t size() const { return shape.groups * shape.n * shape.n; }
};

std::vector<Layer> layers_of(const RecoveryContext& context) {
  std::vector<Layer> layers;
  const EncodingIndex encodings(*context.encodings);
  for (Node* anchor : context.plan.anchors) {
    const auto shape = patch_moments_of(*anchor, kLargestPatch);
    const TensorEncoding* data = encodings.find(anchor->input(0)->name);
    const TensorEncoding* weights = encodings.find(anchor->input(1)->name);
    if (!shape || data == nullptr || weights == nullptr) continue;
    if (data->quantization.scale.size() != 1 || weights->quantization.scale.empty()) continue;
    if (anchor->input(1)->uses().size() > 1) continue;  // others multiply it with other data
    layers.push_back({anchor, *shape, data, weights, 0, {}});
  }
  return layers;
}

Result<void> measure(const RecoveryContext& context, std::span<Layer> layers) {
  Probe probe(context.model);
  for (Layer& layer : layers) {
    GraphWriter writer(probe.graph(), probe.behind(layer.node->input(0)->name),
                       std::string(layer.node->output()->name) + "_moments", ElementType::Float);
    Value* data = write_fake_quantized(writer, probe.graph().find(layer.node->input(0)->name),
                                       layer.data->quantization);
    layer.result = probe.want(*write_patch_moments(writer, data, *layer.node, layer.shape));
    layer.moments.assign(layer.size(), 0);
  }
  const auto read = [&](std::span<const Tensor> results) {
    for (Layer& layer : layers) {
      const auto values = results[layer.result].values<float>();
      for (size_t i = 0; i < values.size(); ++i) layer.moments[i] += values[i];
    }
  };
  return probe.run(context.target, std::min(context.samples, kMostSamples), context.load,
                   context.threads, read);
}

// The layer's weights with one row for each result, as the moments want them. Nothing: they stay as
// they are, since they would move further than the encodings can say.
Result<std::optional<WeightRounding>> round_layer(const Layer& layer) {
  Node& node = *layer.node;
  const auto old = float_constant(node.input(1));
  if (!old) return fail("the weights of '{}' cannot be read", node.address());
  const size_t n = layer.shape.n, rows = old->values<float>().size() / n;
  const bool by_column =
      node.is_op("MatMul") || (node.is_op("Gemm") && node.int_attribute("transB", 0) == 0);
  const auto place = [&](size_t row, size_t i) { return by_column ? i * rows + row : row * n + i; };
  std::vector<float> weights(rows * n);
  for (size_t row = 0; row < rows; ++row)
    for (size_t i = 0; i < n; ++i) weights[row * n + i] = old->values<float>()[place(row, i)];
  std::vector<AffineGrid> grids;
  const size_t scales = layer.weights->quantization.scale.size();
  for (size_t row = 0; row < rows; ++row)
    grids.push_back(layer.weights->quantization.grid(scales == rows ? row : 0));
  const size_t rows_of_group = rows / layer.shape.groups;
  for (size_t group = 0; group < layer.shape.groups; ++group)
    round_to_data(std::span(weights).subspan(group * rows_of_group * n, rows_of_group * n),
                  std::span(layer.moments).subspan(group * n * n, n * n), n,
                  std::span(grids).subspan(group * rows_of_group, rows_of_group));
  Tensor rounded = Tensor::allocate(ElementType::Float, old->shape());
  for (size_t row = 0; row < rows; ++row)
    for (size_t i = 0; i < n; ++i)
      rounded.mutable_values<float>()[place(row, i)] = weights[row * n + i];
  Value* value = node.input(1);
  auto change = rounding_of(value->name, *old, rounded, layer.weights->quantization);
  if (!change) return change;
  node.graph().remove_initializer(*value);
  node.graph().set_initializer(*value, rounded);
  return change;
}

Result<size_t> round_weights(RecoveryContext& context) {
  std::vector<Layer> layers = layers_of(context);
  size_t first = 0;
  while (first < layers.size()) {
    size_t end = first, bytes = 0;
    while (end < layers.size() && (end == first || bytes + layers[end].size() * 8 <= kMostBytes))
      bytes += layers[end++].size() * 8;
    const auto batch = std::span(layers).subspan(first, end - first);
    if (auto measured = measure(context, batch); !measured) return measured.error();
    for (Layer& layer : batch) {
      auto change = round_layer(layer);
      if (!change) return change.error();
      if (*change) context.changes.rounding.push_back(std::move(**change));
      layer.moments = {};
    }
    first = end;
  }
  return context.changes.rounding.size();
}

}  // namespace

// The nearest step for each weight is not the best for all of them together: the errors of a row
// add up along what its inputs have in common. The weights become multiples of their steps, which
// the encodings keep.
void register_quantize_round_weights(RecoveryRegistry& registry) {
  registry.add({
      .id = "round_weights",
      .doc = "weights are rounded so that each layer's results change least on calibration data",
      .phase = Recovery::Phase::Weights,
      .apply = round_weights,
  });
}

}  // namespace acuate
