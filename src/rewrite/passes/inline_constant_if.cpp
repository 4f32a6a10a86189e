#include <unordered_set>

#include <fmt/format.h>

#include "graph/splice.h"
#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// The body that runs; null where the condition is not constant.
const Graph* chosen_body(const Node& node) {
  const Value* condition = node.input(0);
  const bool holds = is_constant_of(condition, 1);
  if (!holds && !is_constant_of(condition, 0)) return nullptr;
  const Attribute* attribute = node.attribute(holds ? "then_branch" : "else_branch");
  return attribute != nullptr && attribute->graphs.size() == 1 ? attribute->graphs[0].get()
                                                               : nullptr;
}

class Inliner {
 public:
  explicit Inliner(Model& model) : model_(model) {}

  Result<PassOutcome> run() {
    for (Graph* graph : model_.all_graphs()) {
      if (graph->owner() == nullptr && graph != &model_.graph()) continue;
      for (Node *node = graph->first(), *next = nullptr; node != nullptr; node = next) {
        next = node->next();
        const Graph* body = node->is_op("If") ? chosen_body(*node) : nullptr;
        if (body == nullptr || body->outputs().size() != node->outputs().size()) continue;
        Node* const before = node->previous();
        if (auto done = inline_body(*node, *body); !done) {
          outcome_.misses.push_back({node->address(), done.error().message});
          continue;
        }
        ++outcome_.applied;
        next = before != nullptr ? before->next() : graph->first();  // what came may hold another
      }
    }
    return std::move(outcome_);
  }

 private:
  // No two values of a model, bodies included, may have one name: what is a body's own in one place
  // would hide what the other reads.
  std::string free_name(std::string_view name) {
    if (names_.empty())
      for (const Graph* graph : model_.all_graphs()) {
        for (const Value* value : graph->values()) names_.emplace(value->name);
        for (const Node* node = graph->first(); node != nullptr; node = node->next())
          node_names_.emplace(node->name());
      }
    return unused(names_, name);
  }

  static std::string unused(std::unordered_set<std::string>& taken, std::string_view name) {
    std::string free(name);
    for (size_t suffix = 1; !taken.insert(free).second; ++suffix)
      free = fmt::format("{}_{}", name, suffix);
    return free;
  }

  // What the body and the bodies in it read from outside stands for itself.
  static void map_outer_values(const Graph& body, Splice& splice) {
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

  Result<void> inline_body(Node& holder, const Graph& body) {
    for (const Value* value : body.values())
      if (value->is_sparse_initializer) return fail("its body has a sparse initializer");
    Graph& graph = holder.graph();
    Splice splice;
    map_outer_values(body, splice);
    for (const Value* value : body.values()) {
      Value* copy = graph.add_value(free_name(value->name));
      splice.values.emplace(value, copy);
      copy->type = value->type;
      if (value->initializer) graph.set_initializer(*copy, *value->initializer);
    }
    Node* const before = holder.previous();
    if (auto copied = acuate::splice(body, graph, splice, &holder); !copied) return copied;
    for (Node* node = before != nullptr ? before->next() : graph.first(); node != &holder;
         node = node->next())
      if (!node->name().empty()) node->set_name(unused(node_names_, node->name()));
    std::vector<Value*> results;
    for (const Value* output : body.outputs()) results.push_back(splice.values.at(output));
    const std::vector<Value*> outputs = holder.outputs();
    Value* condition = holder.input(0);
    Node* const after = holder.next();
    graph.remove_node(holder);
    for (size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i] != nullptr) stand_in(*outputs[i], *results[i], after);
    remove_unused(*condition);
    return {};
  }

  // `result` is read where `output` was; a graph output keeps its name.
  static void stand_in(Value& output, Value& result, Node* before) {
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

  Model& model_;
  PassOutcome outcome_;
  std::unordered_set<std::string> names_, node_names_;
};

}  // namespace

void register_rewrite_inline_constant_if(PassRegistry& registry) {
  registry.add({.id = "inline_constant_if",
                .doc = "An If whose condition is constant gives way to the nodes of the branch "
                       "that runs; names stay unique.",
                .phase = Phase::Fold,
                .after = {"fold_constants"},
                .run = [](Model& model, const PassContext&) { return Inliner(model).run(); }});
}

}  // namespace acuate
