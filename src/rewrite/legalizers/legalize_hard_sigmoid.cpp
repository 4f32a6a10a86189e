#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_floating(node)) return reason;
  Expansion out(node, context);
  Value* slope = out.number(node.float_attribute("alpha", 0.2F));
  Value* line = out.add("Add", {out.add("Mul", {node.input(0), slope}),
                                out.number(node.float_attribute("beta", 0.5F))});
  return out.finish(out.clip(line, 0, 1));
}

}  // namespace

void register_rewrite_legalize_hard_sigmoid(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_hard_sigmoid",
                .doc = "HardSigmoid becomes Clip(alpha * x + beta, 0, 1).",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= 2^-22 * max(1, |beta|) for float32, 2^-51 for float64",
                .operators = {"HardSigmoid"},
                .uses = {"Mul", "Add", "Clip"},
                .rewrite = rewrite});
}

}  // namespace acuate
