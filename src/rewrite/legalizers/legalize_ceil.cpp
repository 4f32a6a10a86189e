#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  Expansion out(node, context);
  return out.finish(out.add("Neg", {out.add("Floor", {out.add("Neg", {node.input(0)})})}));
}

}  // namespace

void register_rewrite_legalize_ceil(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_ceil",
                .doc = "Ceil becomes -Floor(-x).",
                .exactness = Exactness::Exact,
                .operators = {"Ceil"},
                .uses = {"Neg", "Floor"},
                .rewrite = rewrite});
}

}  // namespace acuate
