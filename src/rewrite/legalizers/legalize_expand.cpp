#include <algorithm>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  Value* x = node.input(0);
  const auto from = known_shape(x);
  const auto to = known_shape(node.output());
  if (!from || !to) return "its shapes are not known";
  Shape padded(to->size() - std::min(to->size(), from->size()), 1);
  padded.insert(padded.end(), from->begin(), from->end());
  std::vector<int64_t> repeats;
  for (size_t i = 0; i < to->size(); ++i) repeats.push_back((*to)[i] == padded[i] ? 1 : (*to)[i]);
  if (repeats.empty()) return "it is a scalar";
  Expansion out(node, context);
  if (padded.size() != from->size()) x = out.reshape(x, padded);
  return out.finish(out.add("Tile", {x, out.ints(repeats)}));
}

}  // namespace

void register_rewrite_legalize_expand(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_expand",
                .doc = "Expand between known shapes becomes Tile, behind a Reshape where it adds "
                       "dimensions.",
                .exactness = Exactness::Exact,
                .operators = {"Expand"},
                .uses = {"Reshape", "Tile"},
                .rewrite = rewrite});
}

}  // namespace acuate
