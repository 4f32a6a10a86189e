#include <algorithm>
#include <unordered_set>

#include "graph/splice.h"
#include "rewrite/inline_body.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

bool is_read(const Node& node, size_t slot) {
  const Value* output = node.output(slot);
  return output != nullptr && !output->is_unused();
}

// Everything that the values of a graph are computed from, bodies looked into.
std::unordered_set<const Value*> sources(const std::vector<const Value*>& results) {
  std::unordered_set<const Value*> seen;
  std::unordered_set<const Node*> visited;
  std::vector<const Value*> values = results;
  std::vector<const Node*> nodes;
  while (!values.empty() || !nodes.empty()) {
    if (nodes.empty()) {
      const Value* value = values.back();
      values.pop_back();
      if (value != nullptr && seen.insert(value).second && value->producer != nullptr)
        nodes.push_back(value->producer);
      continue;
    }
    const Node* node = nodes.back();
    nodes.pop_back();
    if (!visited.insert(node).second) continue;
    for (size_t slot = 0; slot < node->input_count(); ++slot) values.push_back(node->input(slot));
    for (const Attribute& attribute : node->attributes())
      for (const auto& body : attribute.graphs) {
        values.insert(values.end(), body->outputs().begin(), body->outputs().end());
        for (const Node* inner = body->first(); inner != nullptr; inner = inner->next())
          nodes.push_back(inner);
      }
  }
  return seen;
}

// By slot of the node's outputs; empty where nothing can go.
using Kept = std::vector<bool>;

Kept kept_of_if(const Node& node) {
  for (const char* name : {"then_branch", "else_branch"})
    if (const Graph* body = body_of(node, name);
        body == nullptr || body->outputs().size() != node.outputs().size())
      return {};
  Kept kept;
  for (size_t slot = 0; slot < node.outputs().size(); ++slot) kept.push_back(is_read(node, slot));
  return kept;
}

// What is carried from run to run stays, too, where anything else that stays is computed from it.
Kept kept_of_loop(const Node& node) {
  const Graph* body = body_of(node, "body");
  if (body == nullptr || node.input_count() < 2) return {};
  const size_t carried = node.input_count() - 2;
  if (body->inputs().size() != carried + 2 || node.outputs().size() < carried ||
      body->outputs().size() != node.outputs().size() + 1)
    return {};
  Kept kept;
  for (size_t slot = 0; slot < node.outputs().size(); ++slot) kept.push_back(is_read(node, slot));
  for (bool grows = true; grows;) {
    grows = false;
    std::vector<const Value*> results{body->outputs()[0]};
    for (size_t slot = 0; slot < kept.size(); ++slot)
      if (kept[slot]) results.push_back(body->outputs()[slot + 1]);
    const auto needed = sources(results);
    for (size_t slot = 0; slot < carried; ++slot) {
      if (kept[slot] || needed.count(body->inputs()[slot + 2]) == 0) continue;
      kept[slot] = grows = true;
    }
  }
  return kept;
}

std::vector<Value*> chosen(const std::vector<Value*>& values, const Kept& kept, size_t before) {
  std::vector<Value*> out;
  for (size_t i = 0; i < values.size(); ++i)
    if (i < before || i - before >= kept.size() || kept[i - before]) out.push_back(values[i]);
  return out;
}

bool can_be_copied(const Graph& body) {
  return body.is_sorted() && std::ranges::none_of(body.values(), [](const Value* value) {
           return value->is_sparse_initializer;
         });
}

// Users before producers.
void remove_unread_nodes(Graph& body) {
  for (Node *node = body.last(), *previous = nullptr; node != nullptr; node = previous) {
    previous = node->previous();
    const auto& outputs = node->outputs();
    if (std::ranges::all_of(outputs,
                            [](const Value* output) { return !output || output->is_unused(); }))
      body.remove_node(*node);
  }
}

// In place of `old`, with the outputs that are kept; its bodies are copied, their weights not.
void replace(Node& old, const Kept& kept) {
  Graph& graph = old.graph();
  const bool is_loop = old.is_op("Loop");
  std::vector<Value*> inputs;
  for (size_t slot = 0; slot < old.input_count(); ++slot) inputs.push_back(old.input(slot));
  if (is_loop) inputs = chosen(inputs, kept, 2);
  Node& made = *graph.add_node(old.op_type(), old.domain(), "", inputs, {}, &old);
  for (const Attribute& attribute : old.attributes()) {
    if (attribute.graphs.empty()) made.set_attribute(attribute.wire);
    for (const auto& source : attribute.graphs) {
      Graph& body = made.add_body(attribute.name, attribute.type);
      Splice splice;
      map_outer_values(*source, splice);
      const auto copied = splice_body(*source, body, splice);
      ACUATE_CHECK(copied, "a body without sparse initializers is copied");
      body.set_outputs(chosen(body.outputs(), kept, is_loop ? 1 : 0));
      remove_unread_nodes(body);
      const std::vector<Value*> before = body.inputs();
      if (is_loop) body.set_inputs(chosen(before, kept, 2));
      for (Value* input : before)
        if (!input->is_input && input->is_unused()) body.remove_value(*input);
    }
  }
  const std::string name(old.name());
  for (const auto& [key, value] : old.metadata()) made.set_metadata(key, value);
  made.set_other_fields(old.other_fields());
  const std::vector<Value*> outputs = old.outputs();
  std::vector<Value*> read;
  for (size_t slot = 0; slot < old.input_count(); ++slot)
    if (Value* input = old.input(slot)) read.push_back(input);
  graph.remove_node(old);
  made.set_name(name);
  for (size_t slot = 0, place = 0; slot < outputs.size(); ++slot) {
    if (kept[slot])
      made.set_output(place++, outputs[slot]);
    else if (outputs[slot] != nullptr)
      graph.remove_value(*outputs[slot]);
  }
  for (Value* input : read) remove_unused(*input);
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  PassOutcome outcome;
  // Inner ones first, for bodies are copied.
  const std::vector<Graph*> graphs = model.all_graphs();
  for (auto place = graphs.rbegin(); place != graphs.rend(); ++place) {
    Graph& graph = **place;
    if (graph.owner() == nullptr && &graph != &model.graph()) continue;
    for (Node* node : graph.body_owners()) {
      if (node->is_removed()) continue;
      const Kept kept = node->is_op("If")     ? kept_of_if(*node)
                        : node->is_op("Loop") ? kept_of_loop(*node)
                                              : Kept{};
      const auto gone = static_cast<size_t>(std::ranges::count(kept, false));
      if (gone == 0 || gone == kept.size()) continue;  // one that nothing reads is dead code
      const auto& attributes = node->attributes();
      if (!std::ranges::all_of(attributes, [](const Attribute& attribute) {
            return std::ranges::all_of(attribute.graphs,
                                       [](const auto& body) { return can_be_copied(*body); });
          })) {
        outcome.misses.push_back({node->address(), "its body has sparse initializers or no order"});
        continue;
      }
      replace(*node, kept);
      outcome.applied += gone;
    }
  }
  return outcome;
}

}  // namespace

void register_rewrite_drop_unread_results(PassRegistry& registry) {
  registry.add({.id = "drop_unread_results",
                .doc = "Outputs of an If or Loop that nothing reads go, with what computes them in "
                       "the bodies; what a Loop carries goes where it only feeds itself.",
                .phase = Phase::Clean,
                .after = {"eliminate_dead_code"},
                .run = run});
}

}  // namespace acuate
