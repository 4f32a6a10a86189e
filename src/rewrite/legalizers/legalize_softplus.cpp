#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  Value* x = node.input(0);
  Expansion out(node, context);
  Value* small = out.add("Exp", {out.add("Neg", {out.add("Abs", {x})})});
  Value* log = out.add("Log", {out.add("Add", {small, out.number(1)})});
  return out.finish(out.add("Add", {out.add("Relu", {x}), log}));
}

}  // namespace

void register_rewrite_legalize_softplus(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_softplus",
                .doc = "Softplus becomes Relu(x) + Log(1 + Exp(-|x|)), which cannot overflow.",
                .exactness = Exactness::Rounding,
                .bound =
                    "|y' - y| <= 2^-21 * max(1, |y|) for float32: far below zero it is 0 where the "
                    "true value is below 2^-24",
                .operators = {"Softplus"},
                .uses = {"Relu", "Abs", "Neg", "Exp", "Add", "Log"},
                .rewrite = rewrite});
}

}  // namespace acuate
