#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_floating(node)) return reason;
  Value* x = node.input(0);
  const float alpha = node.float_attribute("alpha", 1);
  Expansion out(node, context);
  Value* gate = out.add("Sigmoid", {alpha == 1 ? x : out.add("Mul", {x, out.number(alpha)})});
  return out.finish(out.add("Mul", {x, gate}));
}

}  // namespace

void register_rewrite_legalize_swish(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_swish",
                .doc = "Swish becomes x * Sigmoid(alpha * x).",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= 2^-20 * |x| for float32",
                .operators = {"Swish"},
                .uses = {"Mul", "Sigmoid"},
                .rewrite = rewrite});
}

}  // namespace acuate
