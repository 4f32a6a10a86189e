#include "quantize/apply_changes.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "numeric/quantize_values.h"
#include "quantize/channel_scaling.h"
#include "quantize/feature_scaling.h"
#include "quantize/layer_parts.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

Result<void> scale_channels(Graph& graph, const ChannelScale& change) {
  const std::string where = "channel_scales of '" + to_valid_utf8(change.tensor) + "'";
  Value* value = graph.find(change.tensor);
  if (value == nullptr) return fail("{}: the simplified float model has no such tensor", where);
  const auto expect = [&](size_t channels) -> Result<void> {
    if (channels == change.scale.size()) return {};
    return fail("{}: {} factors, but it has {} channels", where, change.scale.size(), channels);
  };
  if (const auto region = find_channel_scaling(*value)) {
    if (auto fits = expect(region->channels); !fits) return fits;
    return apply_channel_scaling(*region, change.scale);
  }
  if (const auto region = find_feature_scaling(*value)) {
    if (auto fits = expect(region->features); !fits) return fits;
    return apply_feature_scaling(*region, change.scale);
  }
  return fail(
      "{}: its channels cannot be scaled: it is neither computed by a convolution and read by a "
      "depthwise one through operators that factors pass, nor between a normalization and a matrix "
      "product",
      where);
}

Result<void> split(Graph& graph, const SplitLayer& change) {
  const std::string where = "split_layers: '" + to_valid_utf8(change.tensor) + "'";
  const Value* value = graph.find(change.tensor);
  if (value == nullptr) return fail("{}: the simplified float model has no such tensor", where);
  const auto parts = find_layer_parts(*value);
  if (!parts)
    return fail("{}: it is not made by a convolution or matrix product and read in parts alone",
                where);
  return split_layer(*parts);
}

constexpr int kMostSteps = 26;

// The integer steps of values on the grid; of any width, where it has no zero point.
std::optional<std::vector<int32_t>> steps_of(const Tensor& values,
                                             const Quantization& quantization) {
  auto integers = quantize(values, quantization);
  if (!integers) return std::nullopt;
  std::vector<int32_t> steps;
  const auto take = [&](const auto& of) { steps.assign(of.begin(), of.end()); };
  switch (integers->type()) {
    case ElementType::Int8:
      take(integers->values<int8_t>());
      break;
    case ElementType::Uint8:
      take(integers->values<uint8_t>());
      break;
    case ElementType::Int16:
      take(integers->values<int16_t>());
      break;
    case ElementType::Uint16:
      take(integers->values<uint16_t>());
      break;
    default:
      return std::nullopt;
  }
  return steps;
}

Result<void> round_weights(Graph& graph, const WeightRounding& change,
                           const EncodingIndex& encodings) {
  const std::string where = "rounding of '" + to_valid_utf8(change.tensor) + "'";
  Value* value = graph.find(change.tensor);
  const auto weights = float_constant(value);
  if (!weights) return fail("{}: the simplified float model has no such weights", where);
  const TensorEncoding* encoding = encodings.find(change.tensor);
  if (encoding == nullptr) return fail("{}: there is no encoding for it", where);
  const Quantization& grid = encoding->quantization;
  const auto nearest = steps_of(*weights, grid);
  if (!nearest) return fail("{}: its encoding does not fit its shape", where);
  if (change.steps.size() != nearest->size())
    return fail("{}: {} steps, but it has {} elements", where, change.steps.size(),
                nearest->size());
  size_t inner = 1;
  const Shape& shape = weights->shape();
  if (grid.per_channel_axis >= 0)
    for (size_t axis = static_cast<size_t>(grid.per_channel_axis) + 1; axis < shape.size(); ++axis)
      inner *= static_cast<size_t>(shape[axis]);
  Tensor rounded = Tensor::allocate(ElementType::Float, shape);
  const auto out = rounded.mutable_values<float>();
  for (size_t i = 0; i < out.size(); ++i) {
    const char c = change.steps[i];
    const int step = c == '.' ? 0 : c >= 'a' ? c - 'a' + 1 : -(c - 'A' + 1);
    const size_t channel = grid.per_channel_axis < 0 ? 0 : i / inner % grid.scale.size();
    const int32_t q = std::clamp((*nearest)[i] + step, grid.lowest(), grid.highest());
    out[i] = static_cast<float>(q - grid.zero_point[channel]) * grid.scale[channel];
  }
  graph.remove_initializer(*value);
  graph.set_initializer(*value, rounded);
  return {};
}

// Of the results of a Conv or Gemm with constant weights; 0: it is none.
size_t result_channels(const Node& node) {
  const Value* weight = node.input(1);
  if (weight == nullptr || !weight->is_constant() || weight->initializer->shape.size() < 2)
    return 0;
  const Shape& shape = weight->initializer->shape;
  if (node.is_op("Conv")) return static_cast<size_t>(shape[0]);
  if (node.is_op("Gemm"))
    return static_cast<size_t>(shape[node.int_attribute("transB", 0) ? 0 : 1]);
  return 0;
}

}  // namespace

void set_bias(Node& node, std::span<const float> bias) {
  const Tensor tensor = Tensor::of<float>({static_cast<int64_t>(bias.size())}, bias);
  if (node.input(2) != nullptr) {
    replace_constant(node, 2, tensor, "bias");
    return;
  }
  Graph& graph = node.graph();
  Value* value = graph.add_value(graph.unused_name(std::string(node.output()->name) + "_bias"));
  graph.set_initializer(*value, tensor);
  if (node.input_count() < 3) node.set_input_count(3);
  node.set_input(2, value);
}

std::optional<WeightRounding> rounding_of(std::string_view tensor, const Tensor& original,
                                          const Tensor& rounded, const Quantization& quantization) {
  const auto nearest = steps_of(original, quantization), chosen = steps_of(rounded, quantization);
  if (!nearest || !chosen) return std::nullopt;
  WeightRounding change{std::string(tensor), std::string(nearest->size(), '.')};
  for (size_t i = 0; i < nearest->size(); ++i) {
    const int32_t step = (*chosen)[i] - (*nearest)[i];
    if (std::abs(step) > kMostSteps) return std::nullopt;
    if (step != 0) change.steps[i] = static_cast<char>(step > 0 ? 'a' + step - 1 : 'A' - step - 1);
  }
  return change;
}

Result<void> apply_changes(Model& model, const GraphChanges& changes, const Encodings& encodings) {
  Graph& graph = model.graph();
  for (const ChannelScale& change : changes.channel_scales)
    if (auto done = scale_channels(graph, change); !done) return done;
  for (const SplitLayer& change : changes.split_layers)
    if (auto done = split(graph, change); !done) return done;
  const EncodingIndex index(encodings);
  for (const WeightRounding& change : changes.rounding)
    if (auto done = round_weights(graph, change, index); !done) return done;
  if (changes.biases.empty()) return {};
  std::unordered_map<std::string, Node*> nodes;
  for (Node* node = graph.first(); node != nullptr; node = node->next())
    nodes.emplace(node->address(), node);
  for (const NodeBias& change : changes.biases) {
    const std::string where = "biases of '" + to_valid_utf8(change.node) + "'";
    const auto found = nodes.find(change.node);
    if (found == nodes.end()) return fail("{}: the simplified float model has no such node", where);
    Node& node = *found->second;
    const size_t channels = result_channels(node);
    if (channels == 0)
      return fail("{}: it is {}, expected a Conv or Gemm with constant weights", where,
                  node.op_type());
    if (node.input(2) != nullptr && !node.input(2)->is_constant())
      return fail("{}: its bias is computed", where);
    if (channels != change.bias.size())
      return fail("{}: {} values, but it has {} channels", where, change.bias.size(), channels);
    set_bias(node, change.bias);
  }
  return {};
}

}  // namespace acuate
