#include <algorithm>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  const Value* y = node.output();
  if (y == nullptr || !y->type.shape) return "the shape of its result is not known";
  Shape shape;
  for (const Dim& dim : *y->type.shape) {
    if (dim.value == 0) return "it is empty";
    shape.push_back(dim.is_known() ? dim.value : -1);
  }
  if (std::count(shape.begin(), shape.end(), -1) > 1)
    return "several dimensions of its result are not known";
  Expansion out(node, context);
  return out.finish(out.reshape(node.input(0), shape));
}

}  // namespace

void register_rewrite_legalize_squeeze(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_squeeze",
                .doc = "Squeeze, Unsqueeze and Flatten become Reshape to the known shape; one "
                       "dimension may be dynamic.",
                .exactness = Exactness::Exact,
                .operators = {"Squeeze", "Unsqueeze", "Flatten"},
                .uses = {"Reshape"},
                .rewrite = rewrite});
}

}  // namespace acuate
