#include "quantize/feature_scaling.h"

#include "quantize/scaled_constant.h"
#include "rewrite/graph_writer.h"

namespace acuate {
namespace {

// Of the last axis; nothing where it is not known.
std::optional<size_t> feature_count(const Value& value) {
  const auto shape = value.type.static_shape();
  if (!shape || shape->empty() || shape->back() < 1) return std::nullopt;
  return static_cast<size_t>(shape->back());
}

// Whether what was feature c stays feature c.
bool keeps_features(const Node& node) {
  const Value *from = node.input(0), *to = node.output();
  if (!node.domain().empty() || from == nullptr || to == nullptr) return false;
  const auto features = feature_count(*from);
  if (!features || features != feature_count(*to)) return false;
  if (node.is_op("Transpose")) {
    const auto order = node.ints_attribute("perm");
    return !order.empty() && order.back() == static_cast<int64_t>(order.size()) - 1;
  }
  return node.is_op("Identity") || node.is_op("Reshape") || node.is_op("Flatten") ||
         node.is_op("Squeeze") || node.is_op("Unsqueeze");
}

// One number for each feature; others may read it too.
bool is_feature_vector(const Value* value, size_t features) {
  return value != nullptr && value->is_constant() &&
         value->initializer->type == ElementType::Float && !value->initializer->shape.empty() &&
         value->initializer->size() == static_cast<int64_t>(features) &&
         value->initializer->shape.back() == static_cast<int64_t>(features);
}

// The slot of a product's or sum's feature vector; nothing where it has none.
std::optional<uint32_t> vector_slot(const Node& node, size_t features) {
  for (const uint32_t slot : {1U, 0U})
    if (is_feature_vector(node.input(slot), features) && node.input(1 - slot) != nullptr &&
        !node.input(1 - slot)->is_constant())
      return slot;
  return std::nullopt;
}

// The constants that `tensor` is proportional to, feature by feature, with values in between.
bool find_source(Value& tensor, FeatureScaling& region) {
  Node* node = tensor.producer;
  if (node == nullptr || node->output() != &tensor) return false;
  if (node->is_op("LayerNormalization")) {
    const int64_t axis = node->int_attribute("axis", -1);
    const auto rank = static_cast<int64_t>(tensor.type.static_shape()->size());
    if (axis != -1 && axis != rank - 1) return false;
    for (const uint32_t slot : {1U, 2U}) {
      if (slot == 2 && node->input(slot) == nullptr) break;
      if (!is_feature_vector(node->input(slot), region.features)) return false;
      region.constants.push_back({node, slot});
    }
    return true;
  }
  if (node->is_op("Add")) {
    const auto slot = vector_slot(*node, region.features);
    if (!slot) return false;
    region.constants.push_back({node, *slot});
    Value* product = node->input(1 - *slot);
    if (product->uses().size() != 1 || product->is_output() || product->producer == nullptr ||
        feature_count(*product) != region.features)
      return false;
    region.values.push_back(product);
    node = product->producer;
  }
  if (!node->is_op("Mul")) return false;
  const auto slot = vector_slot(*node, region.features);
  if (slot) region.constants.push_back({node, *slot});
  return slot.has_value();
}

bool is_sink(const Use& use) {
  const Node& node = *use.node;
  if (use.slot != 0 || !is_own_constant(node.input(1)) ||
      node.input(1)->initializer->shape.size() != 2)
    return false;
  return node.is_op("MatMul") || (node.is_op("Gemm") && node.int_attribute("transA", 0) == 0);
}

}  // namespace

std::optional<FeatureScaling> find_feature_scaling(Value& tensor) {
  Value* source = &tensor;
  while (source->producer != nullptr && keeps_features(*source->producer))
    source = source->producer->input(0);
  FeatureScaling region;
  const auto features = feature_count(*source);
  if (!features) return std::nullopt;
  region.features = *features;
  region.tensor = source;
  if (!find_source(*source, region)) return std::nullopt;
  std::vector<Value*> open{source};
  while (!open.empty()) {
    Value* value = open.back();
    open.pop_back();
    if (value->is_output()) return std::nullopt;
    region.values.push_back(value);
    for (const Use& use : value->uses()) {
      if (&use.node->graph() != value->graph) return std::nullopt;
      if (is_sink(use))
        region.sinks.push_back(use.node);
      else if (use.slot == 0 && keeps_features(*use.node))
        open.push_back(use.node->output());
      else
        region.others.push_back(use);
    }
  }
  if (region.sinks.empty()) return std::nullopt;
  return region;
}

Result<void> apply_feature_scaling(const FeatureScaling& region, std::span<const float> scale) {
  for (const Use& use : region.constants) {
    const auto old = float_constant(use.node->input(use.slot));
    if (!old)
      return fail("constant '{}' of '{}' cannot be read",
                  to_valid_utf8(use.node->input(use.slot)->name), use.node->address());
    Tensor scaled = Tensor::allocate(ElementType::Float, old->shape());
    for (size_t c = 0; c < scale.size(); ++c)
      scaled.mutable_values<float>()[c] = old->values<float>()[c] * scale[c];
    replace_constant(*use.node, use.slot, scaled, "scaled");
  }
  for (Node* node : region.sinks) {
    const auto columns = static_cast<size_t>(node->input(1)->initializer->shape[1]);
    const bool transposed = node->is_op("Gemm") && node->int_attribute("transB", 0) != 0;
    if (auto done = scale_constant(
            *node, 1, [&](size_t i) { return 1 / scale[transposed ? i % columns : i / columns]; });
        !done)
      return done;
  }
  for (const Use& use : region.others) {
    Value* scaled = use.node->input(use.slot);
    Graph& graph = use.node->graph();
    GraphWriter writer(graph, use.node, std::string(scaled->name) + "_unscaled",
                       ElementType::Float);
    Tensor inverse = Tensor::allocate(ElementType::Float, {static_cast<int64_t>(scale.size())});
    for (size_t c = 0; c < scale.size(); ++c) inverse.mutable_values<float>()[c] = 1 / scale[c];
    Value* unscaled = writer.add("Mul", {scaled, writer.constant(inverse)});
    graph.set_inferred_type(*unscaled, scaled->type);
    unscaled->producer->set_name(unscaled->name);
    set_origins(*unscaled->producer, origins(*use.node));
    use.node->set_input(use.slot, unscaled);
  }
  for (Value* value : region.values) {
    Graph& graph = *value->graph;
    graph.rename(*value, graph.unused_name(std::string(value->name) + "_scaled"));
  }
  return {};
}

}  // namespace acuate
