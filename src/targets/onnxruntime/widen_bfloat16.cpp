#include "targets/onnxruntime/widen_bfloat16.h"

#include <bit>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "shape/infer.h"
#include "targets/quantization.h"

namespace acuate {
namespace {

bool is_bfloat16(const Value& value) {
  return value.initializer ? value.initializer->type == ElementType::Bfloat16
                           : value.type.kind == ValueType::Kind::Tensor &&
                                 value.type.element == ElementType::Bfloat16;
}

ValueType of_element(ValueType type, ElementType element) {
  type.element = element;
  type.wire = {};
  return type;
}

Tensor widened(const Tensor& narrow) {
  Tensor wide = Tensor::allocate(ElementType::Float, narrow.shape());
  const auto from = narrow.values<uint16_t>();
  const auto to = wide.mutable_values<float>();
  for (size_t i = 0; i < from.size(); ++i)
    to[i] = std::bit_cast<float>(static_cast<uint32_t>(from[i]) << 16);
  return wide;
}

class Widener {
 public:
  explicit Widener(Model& model) : model_(model) {}

  Result<size_t> run() {
    infer_shapes(model_);
    std::vector<Graph*> graphs;
    for (Graph* graph : model_.all_graphs())
      if (!belongs_to_function(*graph)) graphs.push_back(graph);
    for (const Graph* graph : graphs) note(*graph);
    if (narrow_.empty()) return size_t{0};
    for (const Graph* graph : graphs) note_stating(*graph);
    for (Graph* graph : graphs)
      if (auto done = widen(*graph); !done) return done.error();
    return narrow_.size();
  }

 private:
  static bool belongs_to_function(const Graph& graph) {
    const Graph* outermost = &graph;
    while (outermost->owner() != nullptr) outermost = &outermost->owner()->graph();
    return outermost != &graph.model().graph();
  }

  void note(const Graph& graph) {
    const auto take = [&](Value* value) {
      if (value != nullptr && is_bfloat16(*value)) narrow_.insert(value);
    };
    for (Value* input : graph.inputs()) take(input);
    for (const Node* node = graph.first(); node != nullptr; node = node->next()) {
      for (size_t slot = 0; slot < node->input_count(); ++slot) take(node->input(slot));
      for (Value* output : node->outputs()) take(output);
    }
    for (Value* output : graph.outputs()) take(output);
  }

  bool was_narrow(const Value* value) const { return value != nullptr && narrow_.count(value) > 0; }

  static bool has_body(const Node& node) {
    return std::any_of(node.attributes().begin(), node.attributes().end(),
                       [](const Attribute& attribute) { return !attribute.graphs.empty(); });
  }

  // Nodes whose attributes say the type of their results, whatever they read.
  void note_stating(const Graph& graph) {
    for (const Node* node = graph.first(); node != nullptr; node = node->next()) {
      bool reads = false;
      for (size_t slot = 0; slot < node->input_count(); ++slot)
        reads |= was_narrow(node->input(slot));
      if (node->is_op("Cast") || (!reads && !has_body(*node))) stating_.insert(node);
    }
  }

  Value& new_value(Graph& graph, const Value& like, const char* suffix, ElementType element) {
    Value& value = *graph.add_value(graph.unused_name(std::string(like.name) + suffix));
    graph.set_inferred_type(value, of_element(like.type, element));
    return value;
  }

  void add_cast(Graph& graph, Value& from, Value& to, ElementType element, Node* before) {
    Node* node = graph.add_node("Cast", "", graph.unused_name(std::string(to.name) + "_Cast"),
                                {&from}, {&to}, before);
    node->set_attribute(encode_attribute("to", static_cast<int64_t>(element)));
  }

  // What reads `value` reads float32 of the same values from now on. `before`: where they are cast.
  void widen_behind(Graph& graph, Value& value, Node* before) {
    Value& wide = new_value(graph, value, "_float32", ElementType::Float);
    graph.replace_uses(value, wide);
    add_cast(graph, value, wide, ElementType::Float, before);
  }

  Result<void> widen(Graph& graph) {
    const bool is_main = graph.owner() == nullptr;
    const std::vector<Value*> inputs = graph.inputs(), outputs = graph.outputs();
    const std::vector<Node*> nodes = graph.nodes();
    if (auto done = widen_constants(graph); !done) return done;
    for (Value* input : inputs) {
      if (!was_narrow(input)) continue;
      if (is_main)
        widen_behind(graph, *input, graph.first());
      else
        graph.set_type(*input, of_element(input->type, ElementType::Float));
    }
    for (Node* node : nodes) widen_results(graph, *node);
    if (is_main) narrow_again(graph, outputs);
    return {};
  }

  Result<void> widen_constants(Graph& graph) {
    for (Value* value : graph.initializers()) {
      if (!was_narrow(value)) continue;
      auto tensor = model_.load(*value->initializer);
      if (!tensor) return fail("'{}': {}", to_valid_utf8(value->name), tensor.error().message);
      graph.remove_initializer(*value);
      graph.set_initializer(*value, widened(*tensor));
    }
    return {};
  }

  void widen_results(Graph& graph, Node& node) {
    const std::vector<Value*> results = node.outputs();
    Node* const behind = node.next();
    for (Value* result : results) {
      if (!was_narrow(result)) continue;
      if (stating_.count(&node) > 0) {
        widen_behind(graph, *result, behind);
      } else if (has_body(node) || moves_values(node)) {
        graph.set_inferred_type(*result, of_element(result->type, ElementType::Float));
      } else {
        Value& rounded = new_value(graph, *result, "_bfloat16", ElementType::Bfloat16);
        graph.replace_uses(*result, rounded);
        graph.set_inferred_type(*result, of_element(result->type, ElementType::Float));
        add_cast(graph, *result, rounded, ElementType::Bfloat16, behind);
        widen_behind(graph, rounded, behind);
      }
    }
  }

  // The caller's outputs, of their names and types.
  void narrow_again(Graph& graph, const std::vector<Value*>& old) {
    std::vector<Value*> outputs = graph.outputs();
    std::unordered_map<const Value*, Value*> made;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!was_narrow(old[i])) continue;
      if (is_bfloat16(*old[i])) {
        outputs[i] = old[i];
        continue;
      }
      Value*& value = made[old[i]];
      if (value == nullptr) {
        const std::string name(old[i]->name);
        graph.rename(*old[i], graph.unused_name(name + "_float32"));
        value = graph.add_value(name);
        add_cast(graph, *outputs[i], *value, ElementType::Bfloat16, nullptr);
        graph.set_type(*value, of_element(outputs[i]->type, ElementType::Bfloat16));
      }
      outputs[i] = value;
    }
    graph.set_outputs(std::move(outputs));
  }

  Model& model_;
  std::unordered_set<const Value*> narrow_;  // as they were
  std::unordered_set<const Node*> stating_;
};

}  // namespace

Result<size_t> widen_bfloat16(Model& model) { return Widener(model).run(); }

}  // namespace acuate
