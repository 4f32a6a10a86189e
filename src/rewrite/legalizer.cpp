#include "rewrite/legalizer.h"

#include <algorithm>

#include "graph/verify.h"
#include "rewrite/surgery.h"
#include "shape/inference.h"

namespace acuate {

bool Legalizer::replaces(const Node& node) const {
  return node.domain().empty() &&
         std::find(operators.begin(), operators.end(), node.op_type()) != operators.end();
}

const LegalizerRegistry& legalizers() {
  static const LegalizerRegistry registry = [] {
    LegalizerRegistry all;
    register_all_legalizers(all);
    return all;
  }();
  return registry;
}

std::optional<std::string> run_legalizer(const Legalizer& legalizer, Node& node,
                                         const LegalizeContext& context) {
  if (!legalizer.replaces(node)) return "it replaces other operators";
  const auto outputs = node.outputs();
  if (std::all_of(outputs.begin(), outputs.end(), [](const Value* v) { return v == nullptr; }))
    return "the node gives nothing";
  auto reason = legalizer.rewrite(node, context);
  if (!reason && context.shapes != nullptr) context.shapes->update();
  return reason;
}

PassOutcome run_legalizer(const Legalizer& legalizer, Model& model) {
  ShapeInference shapes(model);
  const LegalizeContext context{&shapes, nullptr};
  PassOutcome outcome;
  for (Graph* graph : model.all_graphs()) {
    if (graph->owner() == nullptr && graph != &model.graph()) continue;
    for (Node* node : graph->nodes()) {
      if (node->is_removed() || !legalizer.replaces(*node)) continue;
      const std::string address = node->address();
      auto reason = run_legalizer(legalizer, *node, context);
      if (reason)
        outcome.misses.push_back({address, std::move(*reason)});
      else
        ++outcome.applied;
    }
  }
  check_invariants(model);
  return outcome;
}

}  // namespace acuate
