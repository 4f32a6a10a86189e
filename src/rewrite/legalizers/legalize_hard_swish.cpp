#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_floating(node)) return reason;
  Value* x = node.input(0);
  Expansion out(node, context);
  Value* gate = out.add("HardSigmoid", {x}, {{"alpha", 1.0F / 6}, {"beta", 0.5F}});
  return out.finish(out.add("Mul", {x, gate}));
}

}  // namespace

void register_rewrite_legalize_hard_swish(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_hard_swish",
                .doc = "HardSwish becomes x * HardSigmoid(x) with alpha 1/6 and beta 0.5.",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= 2^-22 * |x| for float32, 2^-51 * |x| for float64",
                .operators = {"HardSwish"},
                .uses = {"HardSigmoid", "Mul"},
                .rewrite = rewrite});
}

}  // namespace acuate
