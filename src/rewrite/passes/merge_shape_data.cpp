#include <unordered_map>

#include "rewrite/pass.h"
#include "rewrite/surgery.h"
#include "shape/inference.h"

namespace acuate {
namespace {

// The same text for two values exactly where shape inference knows them to be equal; empty where it
// does not know.
std::string key_of(const Value& value, const ShapeData& data) {
  const auto shape = value.type.static_shape();
  if (!shape || value.type.element == ElementType::Undefined) return {};
  std::string key(element_type_name(value.type.element));
  key += ' ' + format_shape(*shape) + ' ' + std::to_string(data.denominator);
  for (const Expr& element : data.values) {
    if (element.is_unknown()) return {};
    key += ',' + element.text();
  }
  return key;
}

PassOutcome merge(const Graph& graph, const ShapeInference& shapes) {
  PassOutcome outcome;
  std::unordered_map<std::string, Value*> first;
  for (Node* node : graph.nodes())
    for (Value* output : node->outputs()) {
      if (node->is_removed()) break;
      // Floats are carried as fractions, which an engine may have rounded on the way.
      if (output == nullptr || output->is_unused() || is_floating_point(output->type.element))
        continue;
      const ShapeData* data = shapes.data(*output);
      const std::string key = data != nullptr ? key_of(*output, *data) : "";
      if (key.empty()) continue;
      Value*& kept = first[key];
      if (kept == nullptr || kept->producer == nullptr) {  // none yet, or gone with its last reader
        kept = output;
        continue;
      }
      if (output->is_output()) {
        outcome.misses.push_back({node->address(), "its result is a graph output"});
        continue;
      }
      output->graph->replace_uses(*output, *kept);
      remove_unused(*output);
      ++outcome.applied;
    }
  return outcome;
}

}  // namespace

void register_rewrite_merge_shape_data(PassRegistry& registry) {
  registry.add({.id = "merge_shape_data",
                .doc = "Integers computed from shapes that are known to be equal, such as the "
                       "batch size of every layer, are computed once.",
                .phase = Phase::Fold,
                .after = {"fold_shape_data"},
                .run = [](Model& model, const PassContext& context) -> Result<PassOutcome> {
                  PassOutcome outcome;
                  for (Graph* graph : model.all_graphs()) {
                    if (graph->owner() == nullptr && graph != &model.graph()) continue;
                    PassOutcome one = merge(*graph, *context.shapes);
                    outcome.applied += one.applied;
                    outcome.misses.insert(outcome.misses.end(), one.misses.begin(),
                                          one.misses.end());
                  }
                  return outcome;
                }});
}

}  // namespace acuate
