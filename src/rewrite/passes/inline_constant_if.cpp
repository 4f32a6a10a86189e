#include "rewrite/facts.h"
#include "rewrite/inline_body.h"
#include "rewrite/pass.h"

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

Result<std::vector<Value*>> inline_body(Node& node, BodyInliner& inliner) {
  const Graph* body = chosen_body(node);
  if (body == nullptr || body->outputs().size() != node.outputs().size())
    return std::vector<Value*>{};
  return inliner.copy(node, *body, {});
}

}  // namespace

void register_rewrite_inline_constant_if(PassRegistry& registry) {
  registry.add({.id = "inline_constant_if",
                .doc = "An If whose condition is constant gives way to the nodes of the branch "
                       "that runs; names stay unique.",
                .phase = Phase::Fold,
                .after = {"fold_constants"},
                .run = [](Model& model, const PassContext&) -> Result<PassOutcome> {
                  return inline_bodies(model, "If", inline_body);
                }});
}

}  // namespace acuate
