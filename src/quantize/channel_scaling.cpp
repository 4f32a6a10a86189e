#include "quantize/channel_scaling.h"

#include <unordered_set>

#include "quantize/scaled_constant.h"
#include "rewrite/graph_writer.h"

namespace acuate {
namespace {

bool has_own_weights(const Node& node) {
  return node.is_op("Conv") && is_own_constant(node.input(1)) &&
         (node.input(2) == nullptr || is_own_constant(node.input(2)));
}

// One channel in, one or more out of it.
bool is_depthwise(const Node& node) {
  return node.int_attribute("group", 1) > 1 && node.input(1)->initializer->shape.size() > 1 &&
         node.input(1)->initializer->shape[1] == 1;
}

// Keeps channels apart, and f(s·x) = s·f(x) for s > 0.
bool passes_factors(const Node& node) {
  return node.is_op("Relu") || node.is_op("LeakyRelu") || node.is_op("PRelu") ||
         node.is_op("MaxPool") || node.is_op("AveragePool") || node.is_op("GlobalAveragePool") ||
         node.is_op("GlobalMaxPool");
}

bool is_gate(const Value* value) {
  return value != nullptr && value->producer != nullptr &&
         (value->producer->is_op("HardSigmoid") || value->producer->is_op("Sigmoid"));
}

// The operand of a product with a gate that is not the gate; nothing for other products.
std::optional<size_t> gated_slot(const Node& node) {
  if (!node.is_op("Mul")) return std::nullopt;
  const bool first = is_gate(node.input(0)), second = is_gate(node.input(1));
  if (first == second) return std::nullopt;
  return first ? 1 : 0;
}

class RegionSearch {
 public:
  std::optional<ChannelScaling> run(Value& tensor) {
    region_.tensor = &tensor;
    reach(tensor, false);
    while (!open_.empty()) {
      const auto [value, pooled] = open_.back();
      open_.pop_back();
      if (value->is_output() || !follow_producer(*value, pooled)) return std::nullopt;
      for (const Use& use : value->uses())
        if (!follow_use(use, pooled)) return std::nullopt;
    }
    if (region_.sources.empty() || !has_depthwise_) return std::nullopt;
    region_.channels = static_cast<size_t>(region_.sources[0]->input(1)->initializer->shape[0]);
    return std::move(region_);
  }

 private:
  // `pooled`: one value a channel, which carries little of the noise.
  void reach(Value& value, bool pooled) {
    if (!seen_.insert(&value).second) return;
    open_.emplace_back(&value, pooled);
    region_.values.push_back(&value);
  }

  bool follow_producer(Value& value, bool pooled) {
    Node* node = value.producer;
    if (node == nullptr) return false;
    if (!passed_.insert(node).second) return true;
    if (has_own_weights(*node)) {
      region_.sources.push_back(node);
      return true;
    }
    if (node->is_op("HardSwish")) {
      region_.hard_swishes.push_back(node);
      reach(*node->input(0), pooled);
      return true;
    }
    const auto gated = gated_slot(*node);
    if (!gated && !passes_factors(*node)) return false;
    Value* operand = node->input(gated.value_or(0));
    if (operand == nullptr || operand->producer == nullptr) return false;
    reach(*operand, pooled);
    return true;
  }

  bool follow_use(const Use& use, bool pooled) {
    Node* node = use.node;
    if (&node->graph() != region_.tensor->graph) return false;
    if (node->is_op("Conv") && use.slot == 0) {
      if (!has_own_weights(*node) || !(pooled || is_depthwise(*node))) return false;
      has_depthwise_ |= is_depthwise(*node);
      region_.sinks.push_back(node);
      return true;
    }
    if (node->is_op("HardSigmoid") || node->is_op("Sigmoid")) {
      region_.gates.push_back(use);
      return true;
    }
    const auto gated = gated_slot(*node);
    const bool passes = (passes_factors(*node) && use.slot == 0) || (gated && *gated == use.slot) ||
                        node->is_op("HardSwish");
    if (!passes || node->output() == nullptr) return false;
    if (passed_.insert(node).second) {
      if (node->is_op("HardSwish")) region_.hard_swishes.push_back(node);
      reach(*node->output(),
            pooled || node->is_op("GlobalAveragePool") || node->is_op("GlobalMaxPool"));
    }
    return true;
  }

  ChannelScaling region_;
  bool has_depthwise_ = false;
  std::vector<std::pair<Value*, bool>> open_;
  std::unordered_set<const Value*> seen_;
  std::unordered_set<const Node*> passed_;
};

Result<void> scale_results(Node& conv, std::span<const float> scale) {
  const Shape& shape = conv.input(1)->initializer->shape;
  size_t inner = 1;
  for (size_t axis = 1; axis < shape.size(); ++axis) inner *= static_cast<size_t>(shape[axis]);
  if (auto done = scale_constant(conv, 1, [&](size_t i) { return scale[i / inner]; }); !done)
    return done;
  if (conv.input(2) == nullptr) return {};
  return scale_constant(conv, 2, [&](size_t i) { return scale[i]; });
}

Result<void> unscale_operand(Node& conv, std::span<const float> scale) {
  const Shape& shape = conv.input(1)->initializer->shape;
  size_t kernel = 1;
  for (size_t axis = 2; axis < shape.size(); ++axis) kernel *= static_cast<size_t>(shape[axis]);
  const auto per_group = static_cast<size_t>(shape[1]);
  const size_t groups = scale.size() / per_group;
  const size_t results = static_cast<size_t>(shape[0]) / groups;  // of one group
  return scale_constant(conv, 1, [&](size_t i) {
    const size_t channel = i / kernel % per_group, result = i / kernel / per_group;
    return 1 / scale[result / results * per_group + channel];
  });
}

void name_nodes_after(const std::vector<Value*>& made, const std::vector<std::string>& origins) {
  for (Value* value : made) {
    value->producer->set_name(value->name);
    set_origins(*value->producer, origins);
  }
}

// x · HardSigmoid(x), as the operator is defined.
Use write_out_hard_swish(Node& node) {
  Graph& graph = node.graph();
  Value* output = node.output();
  GraphWriter writer(graph, &node, std::string(output->name) + "_gate", ElementType::Float);
  Value* gate = writer.add("HardSigmoid", {node.input(0)}, {{"alpha", 1.0F / 6}, {"beta", 0.5F}});
  graph.set_inferred_type(*gate, output->type);
  name_nodes_after({gate}, origins(node));
  const auto merged = origins(node);
  node.set_op_type("Mul");
  node.set_input_count(2);
  node.set_input(1, gate);
  set_origins(node, merged);
  return {gate->producer, 0};
}

}  // namespace

std::optional<ChannelScaling> find_channel_scaling(Value& tensor) {
  return RegionSearch().run(tensor);
}

Result<void> apply_channel_scaling(const ChannelScaling& region, std::span<const float> scale) {
  for (Node* conv : region.sources)
    if (auto done = scale_results(*conv, scale); !done) return done;
  for (Node* conv : region.sinks)
    if (auto done = unscale_operand(*conv, scale); !done) return done;
  std::vector<Use> gates = region.gates;
  for (Node* node : region.hard_swishes) gates.push_back(write_out_hard_swish(*node));
  for (const Use& gate : gates) {
    Value* scaled = gate.node->input(gate.slot);
    Graph& graph = gate.node->graph();
    GraphWriter writer(graph, gate.node, std::string(scaled->name) + "_unscaled",
                       ElementType::Float);
    Tensor inverse = Tensor::allocate(ElementType::Float, {1, static_cast<int64_t>(scale.size())});
    for (size_t c = 0; c < scale.size(); ++c) inverse.mutable_values<float>()[c] = 1 / scale[c];
    Shape shape{1, static_cast<int64_t>(scale.size())};
    const size_t rank = scaled->type.shape ? scaled->type.shape->size() : 4;
    while (shape.size() < rank) shape.push_back(1);
    Value* unscaled = writer.add("Mul", {scaled, writer.constant(inverse.reshaped(shape))});
    graph.set_inferred_type(*unscaled, scaled->type);
    name_nodes_after({unscaled}, origins(*gate.node));
    gate.node->set_input(gate.slot, unscaled);
  }
  // A name means the same values in every form of a model.
  for (Value* value : region.values) {
    Graph& graph = *value->graph;
    graph.rename(*value, graph.unused_name(std::string(value->name) + "_scaled"));
  }
  return {};
}

}  // namespace acuate
