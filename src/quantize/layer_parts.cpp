#include "quantize/layer_parts.h"

#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "rewrite/expansion.h"
#include "rewrite/facts.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

bool is_float_constant(const Value* value) {
  return value != nullptr && value->is_constant() && value->initializer->type == ElementType::Float;
}

// Whether each channel has a bias of its own: one axis, or ones before it.
bool fits_channels(const Value& bias, int64_t channels) {
  const Shape& shape = bias.initializer->shape;
  return !shape.empty() && shape.back() == channels &&
         std::all_of(shape.begin(), shape.end() - 1, [](int64_t n) { return n == 1; });
}

// The layer, which axis of its results and of its weights are the channels; without parts yet.
std::optional<std::pair<LayerParts, size_t>> layer_of(const Value& result, const Shape& shape) {
  Node* node = result.producer;
  if (node == nullptr || !is_float_constant(node->input(1)) || shape.size() < 2)
    return std::nullopt;
  LayerParts parts;
  parts.layer = node;
  size_t axis = 1;
  if (node->is_op("Conv")) {
    if (node->int_attribute("group", 1) != 1) return std::nullopt;
  } else if (node->is_op("Gemm")) {
    parts.weight_axis = node->int_attribute("transB", 0) != 0 ? 0 : 1;
  } else if (node->is_op("MatMul")) {
    axis = shape.size() - 1;
    const size_t rank = node->input(1)->initializer->shape.size();
    if (rank < 2) return std::nullopt;
    parts.weight_axis = rank - 1;
  } else {
    return std::nullopt;
  }
  const Shape& weights = node->input(1)->initializer->shape;
  if (parts.weight_axis >= weights.size() || weights[parts.weight_axis] != shape[axis])
    return std::nullopt;
  if (node->input(2) != nullptr &&
      !(is_float_constant(node->input(2)) && fits_channels(*node->input(2), shape[axis])))
    return std::nullopt;
  return std::pair{std::move(parts), axis};
}

// As many channels as the result has, from the first that the Slice takes.
std::optional<LayerParts::Part> part_of_slice(const Node& slice, const Shape& from, size_t axis) {
  const auto to = known_shape(slice.output());
  if (!to || to->size() != from.size()) return std::nullopt;
  for (size_t i = 0; i < from.size(); ++i)
    if (i != axis && (*to)[i] != from[i]) return std::nullopt;
  const auto starts = int_constant(slice.input(1));
  const auto axes = slice.input(3) != nullptr ? int_constant(slice.input(3)) : std::nullopt;
  const auto steps = slice.input(4) != nullptr ? int_constant(slice.input(4)) : std::nullopt;
  if (!starts || (slice.input(3) != nullptr && !axes) || (slice.input(4) != nullptr && !steps))
    return std::nullopt;
  if (steps && std::any_of(steps->begin(), steps->end(), [](int64_t step) { return step != 1; }))
    return std::nullopt;
  const auto rank = static_cast<int64_t>(from.size());
  for (size_t i = 0; i < starts->size(); ++i) {
    if (axes && i >= axes->size()) return std::nullopt;
    const auto at = normalized_axis(axes ? (*axes)[i] : static_cast<int64_t>(i), rank);
    if (!at) return std::nullopt;
    if (static_cast<size_t>(*at) != axis) continue;
    const int64_t start = (*starts)[i];
    const int64_t begin =
        std::clamp<int64_t>(start < 0 ? start + from[axis] : start, 0, from[axis]);
    return LayerParts::Part{slice.output(), begin, begin + (*to)[axis]};
  }
  return LayerParts::Part{slice.output(), 0, from[axis]};
}

bool add_split(const Node& split, const Shape& from, size_t axis, LayerParts& parts) {
  const auto at =
      normalized_axis(split.int_attribute("axis", 0), static_cast<int64_t>(from.size()));
  if (!at || static_cast<size_t>(*at) != axis) return false;
  int64_t begin = 0;
  for (Value* output : split.outputs()) {
    const auto shape = known_shape(output);
    if (!shape || shape->size() != from.size()) return false;
    const int64_t end = begin + (*shape)[axis];
    if (!output->is_unused()) parts.parts.push_back({output, begin, end});
    begin = end;
  }
  return begin == from[axis];
}

// Rows [begin, end) of one axis.
Tensor taken(const Tensor& tensor, size_t axis, int64_t begin, int64_t end) {
  Shape shape = tensor.shape();
  size_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= static_cast<size_t>(shape[i]);
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= static_cast<size_t>(shape[i]);
  const size_t all = static_cast<size_t>(shape[axis]) * inner;
  const size_t first = static_cast<size_t>(begin) * inner;
  const size_t count = static_cast<size_t>(end - begin) * inner;
  shape[axis] = end - begin;
  Tensor out = Tensor::allocate(ElementType::Float, shape);
  const auto from = tensor.values<float>();
  const auto to = out.mutable_values<float>();
  for (size_t i = 0; i < outer; ++i)
    std::copy_n(from.begin() + static_cast<ptrdiff_t>(i * all + first), count,
                to.begin() + static_cast<ptrdiff_t>(i * count));
  return out;
}

}  // namespace

std::optional<LayerParts> find_layer_parts(const Value& result) {
  const auto shape = known_shape(&result);
  if (!shape || result.is_output()) return std::nullopt;
  auto found = layer_of(result, *shape);
  if (!found) return std::nullopt;
  auto& [parts, axis] = *found;
  std::unordered_set<const Node*> seen;
  for (const Use& use : result.uses()) {
    const Node& reader = *use.node;
    if (use.slot != 0 || &reader.graph() != result.graph || !seen.insert(&reader).second)
      return std::nullopt;
    if (reader.is_op("Split")) {
      if (!add_split(reader, *shape, axis, parts)) return std::nullopt;
    } else if (reader.is_op("Slice")) {
      auto part = part_of_slice(reader, *shape, axis);
      if (!part) return std::nullopt;
      parts.parts.push_back(*part);
    } else {
      return std::nullopt;
    }
  }
  int64_t width = 0;
  for (const LayerParts::Part& part : parts.parts) {
    if (part.begin >= part.end || part.end > (*shape)[axis]) return std::nullopt;
    width += part.end - part.begin;
  }
  if (parts.parts.size() < 2 || width > (*shape)[axis]) return std::nullopt;
  return std::move(parts);
}

Result<void> split_layer(const LayerParts& parts) {
  Node& layer = *parts.layer;
  Graph& graph = layer.graph();
  const auto weights = float_constant(layer.input(1));
  const auto biases = float_constant(layer.input(2));
  if (!weights || (layer.input(2) != nullptr && !biases))
    return fail("the weights of '{}' cannot be read", to_valid_utf8(layer.address()));
  std::unordered_set<Node*> dividers;
  for (const LayerParts::Part& part : parts.parts) dividers.insert(part.value->producer);
  const std::vector<std::string> from = origins(layer);
  for (Node* divider : dividers) graph.remove_node(*divider);
  for (const LayerParts::Part& part : parts.parts) {
    const std::string stem(part.value->name);
    GraphWriter writer(graph, &layer, stem, ElementType::Float);
    std::vector<Value*> inputs{
        layer.input(0), writer.constant(taken(*weights, parts.weight_axis, part.begin, part.end))};
    if (biases)
      inputs.push_back(
          writer.constant(taken(*biases, biases->shape().size() - 1, part.begin, part.end)));
    Node* node =
        graph.add_node(layer.op_type(), layer.domain(), stem, inputs, {part.value}, &layer);
    for (const Attribute& attribute : layer.attributes()) node->set_attribute(attribute.wire);
    set_origins(*node, from);
  }
  graph.remove_node(layer);
  return {};
}

}  // namespace acuate
