#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  const bool is_selu = node.is_op("Selu");
  const double alpha = node.float_attribute("alpha", is_selu ? 1.67326319217681884765625F : 1);
  const double gamma = is_selu ? node.float_attribute("gamma", 1.05070102214813232421875F) : 1;
  if (node.is_op("Celu") && alpha == 0) return "its alpha is zero";
  Value* x = node.input(0);
  Expansion out(node, context);
  Value* negative = out.add("Neg", {out.add("Relu", {out.add("Neg", {x})})});
  if (node.is_op("Celu") && alpha != 1) negative = out.add("Div", {negative, out.number(alpha)});
  Value* below = out.add("Sub", {out.add("Exp", {negative}), out.number(1)});
  if (alpha != 1) below = out.add("Mul", {below, out.number(alpha)});
  Value* y = out.add("Add", {out.add("Relu", {x}), below});
  if (gamma != 1) y = out.add("Mul", {y, out.number(gamma)});
  return out.finish(y);
}

}  // namespace

void register_rewrite_legalize_elu(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_elu",
                .doc = "Elu, Selu and Celu become gamma * (Relu(x) + alpha * (Exp(-Relu(-x) / c) - "
                       "1)).",
                .exactness = Exactness::Rounding,
                .bound =
                    "|y' - y| <= 2^-21 * (|y| + gamma * |alpha|) for float32: Exp(x) - 1 has the "
                    "absolute error of the 1",
                .operators = {"Elu", "Selu", "Celu"},
                .uses = {"Relu", "Neg", "Exp", "Sub", "Mul", "Add", "Div"},
                .rewrite = rewrite});
}

}  // namespace acuate
