#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  Value* x = node.input(0);
  Expansion out(node, context);
  Value* gate = out.add("Tanh", {out.add("Softplus", {x})});
  return out.finish(out.add("Mul", {x, gate}));
}

}  // namespace

void register_rewrite_legalize_mish(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_mish",
                .doc = "Mish becomes x * Tanh(Softplus(x)).",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= 2^-20 * |x| for float32",
                .operators = {"Mish"},
                .uses = {"Softplus", "Tanh", "Mul"},
                .rewrite = rewrite});
}

}  // namespace acuate
