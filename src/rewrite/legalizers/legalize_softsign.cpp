#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_floating(node)) return reason;
  Value* x = node.input(0);
  Expansion out(node, context);
  Value* below = out.add("Add", {out.add("Abs", {x}), out.number(1)});
  return out.finish(out.add("Div", {x, below}));
}

}  // namespace

void register_rewrite_legalize_softsign(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_softsign",
                .doc = "Softsign becomes x / (1 + |x|).",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= 2^-22 * |y| for float32",
                .operators = {"Softsign"},
                .uses = {"Abs", "Add", "Div"},
                .rewrite = rewrite});
}

}  // namespace acuate
