#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  Value* x = node.input(0);
  if (node.is_op("PRelu") && (!x->type.shape || !node.output()->type.shape ||
                              x->type.shape->size() != node.output()->type.shape->size()))
    return "the rank of its input is not known";
  Expansion out(node, context);
  Value* slope =
      node.is_op("PRelu") ? node.input(1) : out.number(node.float_attribute("alpha", 0.01F));
  Value* below = out.add("Mul", {out.add("Relu", {out.add("Neg", {x})}), slope});
  return out.finish(out.add("Sub", {out.add("Relu", {x}), below}));
}

}  // namespace

void register_rewrite_legalize_prelu(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_prelu",
                .doc = "PRelu and LeakyRelu become Relu(x) - slope * Relu(-x).",
                .exactness = Exactness::Rounding,
                .bound =
                    "nothing but the sign of zero; infinite slopes make NaN, and engines differ in "
                    "what Relu makes of NaN",
                .operators = {"PRelu", "LeakyRelu"},
                .uses = {"Relu", "Neg", "Mul", "Sub"},
                .rewrite = rewrite});
}

}  // namespace acuate
