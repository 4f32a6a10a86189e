#include "rewrite/moments.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  Value* x = node.input(0);
  const auto axes = last_axes(node);
  if (!axes) return "the rank of its input is not known";
  Expansion out(node, context);
  Value* square = out.reduce("ReduceMean", out.add("Mul", {x, x}), *axes);
  const double epsilon = node.float_attribute("epsilon", 1e-5F);
  Value* deviation = out.add("Sqrt", {out.add("Add", {square, out.number(epsilon)})});
  return out.finish(out.add("Mul", {out.add("Div", {x, deviation}), node.input(1)}));
}

}  // namespace

void register_rewrite_legalize_rms_norm(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_rms_norm",
                .doc = "RMSNormalization becomes x / Sqrt(ReduceMean(x * x) + epsilon) * scale.",
                .exactness = Exactness::Rounding,
                .bound =
                    "|y' - y| <= (N + 16) * 2^-22 * |y| for float32, N the number of normalized "
                    "elements",
                .operators = {"RMSNormalization"},
                .uses = {"Mul", "ReduceMean", "Add", "Sqrt", "Div"},
                .rewrite = rewrite});
}

}  // namespace acuate
