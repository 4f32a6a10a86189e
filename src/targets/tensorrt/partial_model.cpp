#include "targets/tensorrt/partial_model.h"

#include <unordered_set>

namespace acuate {

bool take_out(Graph& graph, const std::vector<Node*>& nodes) {
  std::vector<Value*> inputs = graph.inputs();
  for (Node* node : nodes) {
    std::vector<Value*> results(node->outputs().begin(), node->outputs().end());
    graph.remove_node(*node);
    for (Value* result : results) {
      if (result == nullptr || result->uses().empty()) continue;
      if (result->type.element == ElementType::Undefined) return false;
      inputs.push_back(result);
    }
  }
  std::erase_if(inputs, [](const Value* input) { return input->uses().empty(); });
  graph.set_inputs(std::move(inputs));
  std::vector<Value*> outputs;
  std::unordered_set<const Value*> given;
  for (Value* output : graph.outputs())
    if (output->producer != nullptr && given.insert(output).second) outputs.push_back(output);
  for (Node* node = graph.first(); node != nullptr; node = node->next())
    for (Value* value : node->outputs())
      if (value != nullptr && value->uses().empty() && given.insert(value).second)
        outputs.push_back(value);
  graph.set_outputs(std::move(outputs));
  return graph.first() != nullptr && !graph.outputs().empty();
}

namespace {

// The model up to and including a node, in stored order.
std::unique_ptr<Model> prefix_of(const Model& model, size_t nodes) {
  auto copy = model.clone();
  Graph& graph = copy->graph();
  const auto all = graph.nodes();
  for (size_t i = all.size(); i > nodes; --i) graph.remove_node(*all[i - 1]);
  return take_out(graph, {}) ? std::move(copy) : nullptr;
}

}  // namespace

Result<const Node*> first_failing(const Model& model,
                                  const std::function<Result<bool>(const Model&)>& fails) {
  const auto nodes = model.graph().nodes();
  size_t passes = 0, breaks = nodes.size();  // numbers of nodes
  while (breaks - passes > 1) {
    const size_t middle = passes + (breaks - passes) / 2;
    const auto part = prefix_of(model, middle);
    auto failed = part == nullptr ? Result<bool>(false) : fails(*part);
    if (!failed) return failed.error();
    (*failed ? breaks : passes) = middle;
  }
  return nodes.empty() ? nullptr : nodes[breaks - 1];
}

}  // namespace acuate
