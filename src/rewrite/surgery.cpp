#include "rewrite/surgery.h"

#include <algorithm>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace acuate {
namespace {
constexpr std::string_view kOriginsKey = "acuate.origins";

// `source` stands for the node's output from now on, under that one's name if `takes_name`.
std::optional<std::string> take_out(Node& node, Value& source, bool takes_name) {
  Graph& graph = node.graph();
  Value& output = *node.output();
  if (takes_name &&
      (source.graph != &graph || source.is_input || source.initializer || source.is_output()))
    return "output '" + to_valid_utf8(output.name) +
           "' would become an input, a constant or another output";
  const std::string name(output.name);
  std::vector<Value*> inputs;
  for (size_t slot = 0; slot < node.input_count(); ++slot)
    if (Value* input = node.input(slot); input != nullptr && input != &source)
      inputs.push_back(input);
  graph.remove_node(node);
  graph.replace_uses(output, source);
  if (takes_name) {
    graph.remove_value(output);
    graph.rename(source, name);
    graph.set_type(source, source.type);
  }
  for (Value* input : inputs) remove_unused(*input);
  return std::nullopt;
}
}  // namespace

std::optional<std::string> bypass(Node& node, Value& source) {
  return take_out(node, source, node.output()->is_output());
}

std::optional<std::string> absorb(Node& node, Value& source) {
  return take_out(node, source, true);
}

void become_constant(Value& value, const Tensor& tensor) {
  Graph& graph = *value.graph;
  Node& producer = *value.producer;
  const auto& outputs = producer.outputs();
  if (std::any_of(outputs.begin(), outputs.end(), [&](const Value* output) {
        return output != nullptr && output != &value && !output->is_unused();
      })) {
    Value* constant = graph.add_value(graph.unused_name(std::string(value.name) + "_folded"));
    graph.set_initializer(*constant, tensor);
    graph.replace_uses(value, *constant);
    return;
  }
  std::vector<Value*> inputs;
  for (size_t slot = 0; slot < producer.input_count(); ++slot)
    if (Value* input = producer.input(slot); input != nullptr) inputs.push_back(input);
  graph.remove_node(producer);
  graph.set_initializer(value, tensor);
  for (Value* input : inputs) remove_unused(*input);
}

void remove_unused(Value& value) {
  std::vector<Value*> open{&value};
  while (!open.empty()) {
    Value* unused = open.back();
    open.pop_back();
    Node* producer = unused->producer;
    if (producer == nullptr || producer->is_removed()) continue;
    const auto& outputs = producer->outputs();
    if (std::any_of(outputs.begin(), outputs.end(),
                    [](const Value* output) { return output != nullptr && !output->is_unused(); }))
      continue;
    for (size_t slot = 0; slot < producer->input_count(); ++slot)
      if (Value* input = producer->input(slot); input != nullptr) open.push_back(input);
    producer->graph().remove_node(*producer);
  }
}

std::vector<std::string> origins(const Node& node) {
  const std::string_view text = node.metadata(kOriginsKey);
  if (!text.empty()) {
    const auto list = nlohmann::json::parse(text, nullptr, false);
    if (list.is_array() &&
        std::all_of(list.begin(), list.end(), [](const auto& item) { return item.is_string(); }))
      return list.get<std::vector<std::string>>();
  }
  return {node.address()};
}

std::vector<std::string> merged_origins(const Node& into, const Node& from) {
  std::vector<std::string> all = origins(into);
  for (const std::string& name : origins(from))
    if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
  return all;
}

void set_origins(Node& node, const std::vector<std::string>& names) {
  node.set_metadata(kOriginsKey, nlohmann::json(names).dump());
}

void add_origins_of_removed(Node& node, std::span<const Node* const> others) {
  std::vector<std::string> all = origins(node);
  std::unordered_set<std::string> known(all.begin(), all.end());
  for (const Node* other : others)
    if (other->is_removed())
      for (std::string& name : origins(*other))
        if (known.insert(name).second) all.push_back(std::move(name));
  if (all.size() > 1) set_origins(node, all);
}

Result<PassOutcome> for_each_node(Model& model,
                                  const std::function<std::optional<std::string>(Node&)>& rewrite) {
  PassOutcome outcome;
  for (Graph* graph : model.all_graphs()) {
    if (graph->owner() == nullptr && graph != &model.graph()) continue;
    for (Node *node = graph->first(), *next = nullptr; node != nullptr; node = next) {
      next = node->next();
      const auto reason = rewrite(*node);
      if (!reason)
        ++outcome.applied;
      else if (!reason->empty())
        outcome.misses.push_back({node->address(), *reason});
    }
  }
  return outcome;
}

void replace_constant(Node& node, size_t slot, const Tensor& tensor, std::string_view new_name) {
  Graph& graph = node.graph();
  Value* old = node.input(slot);
  if (old != nullptr && old->graph == &graph && old->uses().size() == 1 && !old->is_output()) {
    graph.set_initializer(*old, tensor);
    return;
  }
  Value* value = graph.add_value(graph.unused_name(old ? old->name : new_name));
  graph.set_initializer(*value, tensor);
  node.set_input(slot, value);
}

std::optional<Tensor> float_constant(const Value* value) {
  if (value == nullptr || !value->is_constant() || value->initializer->type != ElementType::Float)
    return std::nullopt;
  auto tensor = value->graph->model().load(*value->initializer);
  if (!tensor) return std::nullopt;
  return std::move(*tensor);
}

}  // namespace acuate
