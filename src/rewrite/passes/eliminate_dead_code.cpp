#include "rewrite/pass.h"

namespace acuate {
namespace {

void clean(Graph& graph, PassOutcome& outcome) {
  for (Node *node = graph.last(), *previous = nullptr; node != nullptr; node = previous) {
    previous = node->previous();
    bool used = false;
    for (const Value* output : node->outputs()) used |= output != nullptr && !output->is_unused();
    if (used) continue;
    graph.remove_node(*node);
    ++outcome.applied;
  }
  // Of values that nobody makes or reads the declarations go too.
  for (Value* value : graph.values()) {
    if (!value->is_unused() || value->is_input || value->producer != nullptr ||
        value->is_sparse_initializer)
      continue;
    if (value->initializer) ++outcome.applied;
    graph.remove_value(*value);
  }
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  PassOutcome outcome;
  // Bodies first, so that what only a dead inner node reads dies in the same run.
  const std::vector<Graph*> graphs = model.all_graphs();
  for (auto graph = graphs.rbegin(); graph != graphs.rend(); ++graph)
    if ((*graph)->owner() != nullptr || *graph == &model.graph()) clean(**graph, outcome);
  return outcome;
}

}  // namespace

void register_rewrite_eliminate_dead_code(PassRegistry& registry) {
  registry.add({.id = "eliminate_dead_code",
                .doc = "Removes nodes and initializers that no output depends on. Model inputs "
                       "stay, used or not.",
                .phase = Phase::Clean,
                .after = {"eliminate_identity"},
                .run = run});
}

}  // namespace acuate
