#include <cmath>
#include <numbers>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  Value* x = node.input(0);
  Expansion out(node, context);
  Value* curve = nullptr;
  if (node.string_attribute("approximate", "none") == "tanh") {
    Value* cube = out.add("Mul", {out.add("Mul", {x, x}), x});
    Value* sum = out.add("Add", {x, out.add("Mul", {cube, out.number(0.044715)})});
    curve = out.add("Tanh", {out.add("Mul", {sum, out.number(std::sqrt(2 / std::numbers::pi))})});
  } else {
    curve = out.add("Erf", {out.add("Mul", {x, out.number(std::sqrt(0.5))})});
  }
  Value* gate = out.add("Add", {curve, out.number(1)});
  return out.finish(out.add("Mul", {out.add("Mul", {x, out.number(0.5)}), gate}));
}

}  // namespace

void register_rewrite_legalize_gelu(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_gelu",
                .doc =
                    "Gelu becomes 0.5 * x * (1 + Erf(x / sqrt(2))), or with approximate = 'tanh' "
                    "the form with Tanh.",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= 2^-20 * |x| for float32 where it is finite",
                .operators = {"Gelu"},
                .uses = {"Mul", "Add", "Erf", "Tanh"},
                .rewrite = rewrite});
}

}  // namespace acuate
