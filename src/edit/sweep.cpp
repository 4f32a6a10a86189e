#include "edit/sweep.h"

#include <algorithm>

namespace acuate {
namespace {

// Values go once all of the nodes are unlinked, whatever their order.
void remove_with_outputs(const std::vector<Node*>& nodes) {
  std::vector<Value*> outputs;
  for (Node* node : nodes) {
    outputs.insert(outputs.end(), node->outputs().begin(), node->outputs().end());
    node->graph().remove_node(*node);
  }
  for (Value* output : outputs)
    if (output != nullptr && output->is_unused()) output->graph->remove_value(*output);
}

bool is_useless(const Node& node) {
  const auto& outputs = node.outputs();
  return std::all_of(outputs.begin(), outputs.end(),
                     [](const Value* value) { return value == nullptr || value->is_unused(); });
}

}  // namespace

Node* holder_in(const Graph& graph, Node* node) {
  while (node != nullptr && &node->graph() != &graph) node = node->graph().owner();
  return node;
}

std::vector<Value*> values_read(const Node& node) {
  std::vector<Value*> out;
  std::vector<const Node*> nodes{&node};
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (size_t slot = 0; slot < nodes[i]->input_count(); ++slot)
      if (Value* value = nodes[i]->input(slot)) out.push_back(value);
    for (const Attribute& attribute : nodes[i]->attributes())
      for (const auto& body : attribute.graphs)
        for (const Node* inner = body->first(); inner != nullptr; inner = inner->next())
          nodes.push_back(inner);
  }
  std::erase_if(out, [&](const Value* value) {
    const Graph* graph = &node.graph();
    while (graph != nullptr && graph != value->graph)
      graph = graph->owner() ? &graph->owner()->graph() : nullptr;
    return graph == nullptr;
  });
  return out;
}

size_t remove_nodes_and_sweep(const std::vector<Node*>& nodes) {
  std::vector<Value*> candidates;
  const auto remember = [&](const Node& node) {
    const auto read = values_read(node);
    candidates.insert(candidates.end(), read.begin(), read.end());
  };
  for (const Node* node : nodes) remember(*node);
  remove_with_outputs(nodes);
  size_t swept = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    Value& value = *candidates[i];
    if (value.graph == nullptr || !value.is_unused() || value.is_input) continue;
    if (value.producer != nullptr && is_useless(*value.producer)) {
      Node& producer = *value.producer;
      remember(producer);
      remove_with_outputs({&producer});
      ++swept;
    } else if (value.producer == nullptr && value.initializer) {
      value.graph->remove_initializer(value);
      value.graph->remove_value(value);
    }
  }
  return swept;
}

std::unordered_set<const Node*> nodes_needed(const Graph& graph, const std::vector<Value*>& values,
                                             const std::unordered_set<const Value*>& boundary) {
  std::unordered_set<const Node*> needed;
  std::vector<const Node*> open;
  const auto reach = [&](const Value* value) {
    if (boundary.count(value) != 0) return;
    const Node* producer = holder_in(graph, value->producer);
    if (producer != nullptr && needed.insert(producer).second) open.push_back(producer);
  };
  for (const Value* value : values) reach(value);
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    for (const Value* value : values_read(*node)) reach(value);
  }
  return needed;
}

Dropped drop_unneeded(Graph& graph, const std::unordered_set<const Node*>& needed) {
  Dropped dropped;
  std::vector<Node*> unneeded;
  for (Node* node = graph.first(); node != nullptr; node = node->next())
    if (needed.count(node) == 0) unneeded.push_back(node);
  dropped.nodes = unneeded.size();
  // Users before producers, so that every value is unused when it goes.
  std::reverse(unneeded.begin(), unneeded.end());
  remove_with_outputs(unneeded);
  std::vector<Value*> kept, gone;
  for (Value* input : graph.inputs()) (input->is_unused() ? gone : kept).push_back(input);
  if (!gone.empty()) graph.set_inputs(kept);
  for (Value* input : gone) {
    if (!input->initializer) dropped.inputs.emplace_back(input->name);
    if (!input->initializer) graph.remove_value(*input);
  }
  for (Value* value : graph.initializers()) {
    if (!value->is_unused() || value->is_input) continue;
    graph.remove_initializer(*value);
    graph.remove_value(*value);
  }
  return dropped;
}

}  // namespace acuate
