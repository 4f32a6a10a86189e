#include "rewrite/inline_body.h"

#include <fmt/format.h>

#include "rewrite/surgery.h"

namespace acuate {
namespace {

std::string unused(std::unordered_set<std::string>& taken, std::string_view name) {
  std::string free(name);
  for (size_t suffix = 1; !taken.insert(free).second; ++suffix)
    free = fmt::format("{}_{}", name, suffix);
  return free;
}

// `result` is read where `output` was; a graph output keeps its name.
void stand_in(Value& output, Value& result, Node* before) {
  Graph& graph = *output.graph;
  if (!output.is_output()) {
    graph.replace_uses(output, result);
    return;
  }
  if (result.graph != &graph || result.producer == nullptr || result.is_output()) {
    graph.add_node("Identity", "", "", {&result}, {&output}, before);
    return;
  }
  const std::string name(output.name);
  ValueType type = output.type;
  graph.replace_uses(output, result);
  graph.remove_value(output);
  graph.rename(result, name);
  graph.set_type(result, std::move(type));
}

// The results are read where the node's outputs were, and the node goes.
void replace(Node& holder, std::span<Value* const> results) {
  const std::vector<Value*> outputs = holder.outputs();
  std::vector<Value*> inputs;
  for (size_t slot = 0; slot < holder.input_count(); ++slot)
    if (Value* input = holder.input(slot); input != nullptr) inputs.push_back(input);
  Node* const after = holder.next();
  holder.graph().remove_node(holder);
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i] != nullptr && !outputs[i]->is_unused())
      stand_in(*outputs[i], *results[i], after);
  for (Value* input : inputs) remove_unused(*input);
}

}  // namespace

const Graph* body_of(const Node& node, std::string_view attribute) {
  const Attribute* found = node.attribute(attribute);
  return found != nullptr && found->graphs.size() == 1 ? found->graphs[0].get() : nullptr;
}

void map_outer_values(const Graph& body, Splice& splice) {
  std::vector<const Graph*> open{&body};
  std::unordered_set<const Graph*> inside;
  while (!open.empty()) {
    const Graph* graph = open.back();
    open.pop_back();
    inside.insert(graph);
    for (const Node* node = graph->first(); node != nullptr; node = node->next()) {
      for (size_t slot = 0; slot < node->input_count(); ++slot)
        if (Value* input = node->input(slot); input != nullptr && inside.count(input->graph) == 0)
          splice.values.emplace(input, input);
      for (const Attribute& attribute : node->attributes())
        for (const auto& inner : attribute.graphs) open.push_back(inner.get());
    }
    for (Value* output : graph->outputs())
      if (inside.count(output->graph) == 0) splice.values.emplace(output, output);
  }
}

std::string BodyInliner::free_name(std::string_view name) {
  if (names_.empty())
    for (const Graph* graph : model_.all_graphs()) {
      for (const Value* value : graph->values()) names_.emplace(value->name);
      for (const Node* node = graph->first(); node != nullptr; node = node->next())
        node_names_.emplace(node->name());
    }
  return unused(names_, name);
}

Result<std::vector<Value*>> BodyInliner::copy(Node& holder, const Graph& body,
                                              std::span<Value* const> inputs) {
  for (const Value* value : body.values())
    if (value->is_sparse_initializer) return fail("its body has a sparse initializer");
  Graph& graph = holder.graph();
  Splice splice;
  map_outer_values(body, splice);
  for (size_t i = 0; i < inputs.size(); ++i) splice.values[body.inputs()[i]] = inputs[i];
  for (const Value* value : body.values()) {
    if (splice.values.count(value) > 0) continue;
    Value* copy = add_value(graph, value->name);
    splice.values.emplace(value, copy);
    copy->type = value->type;
    if (value->initializer) graph.set_initializer(*copy, *value->initializer);
  }
  Node* const before = holder.previous();
  if (auto copied = acuate::splice(body, graph, splice, &holder); !copied) return copied.error();
  for (Node* node = before != nullptr ? before->next() : graph.first(); node != &holder;
       node = node->next())
    if (!node->name().empty()) node->set_name(unused(node_names_, node->name()));
  std::vector<Value*> results;
  for (const Value* output : body.outputs()) results.push_back(splice.values.at(output));
  return results;
}

PassOutcome inline_bodies(Model& model, std::string_view op_type, const InlineBody& inline_body) {
  PassOutcome outcome;
  BodyInliner inliner(model);
  for (Graph* graph : model.all_graphs()) {
    if (graph->owner() == nullptr && graph != &model.graph()) continue;
    for (Node *node = graph->first(), *next = nullptr; node != nullptr; node = next) {
      next = node->next();
      if (!node->is_op(op_type)) continue;
      Node* const before = node->previous();
      const auto results = inline_body(*node, inliner);
      if (!results) outcome.misses.push_back({node->address(), results.error().message});
      if (!results || results->empty()) continue;
      // What was copied may hold another one.
      Node* const first = before != nullptr ? before->next() : graph->first();
      replace(*node, *results);
      if (first != node) next = first;
      if (next != nullptr && next->is_removed()) next = nullptr;  // the next round sees the rest
      ++outcome.applied;
    }
  }
  return outcome;
}

}  // namespace acuate
