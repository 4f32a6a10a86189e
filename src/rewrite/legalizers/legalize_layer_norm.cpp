#include "rewrite/moments.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  if (node.output(1) != nullptr || node.output(2) != nullptr)
    return "its mean or deviation is read";
  Value* x = node.input(0);
  const auto axes = last_axes(node);
  if (!axes) return "the rank of its input is not known";
  Expansion out(node, context);
  Value* y = normalize(out, x, *axes, node.float_attribute("epsilon", 1e-5F));
  y = out.add("Mul", {y, node.input(1)});
  if (node.input(2) != nullptr) y = out.add("Add", {y, node.input(2)});
  return out.finish(y);
}

}  // namespace

void register_rewrite_legalize_layer_norm(LegalizerRegistry& registry) {
  registry.add(
      {.id = "legalize_layer_norm",
       .doc = "LayerNormalization becomes ReduceMean, Sub, Mul, Sqrt and Div, with scale and "
              "bias by Mul and Add.",
       .exactness = Exactness::Rounding,
       .bound = "|y' - y| <= (N + 16) * 2^-22 * (1 + mean^2 / (var + eps)) * (|scale| * (|x - "
                "mean| / sqrt(var + eps) + 1) + |bias|) for float32, N the number of normalized "
                "elements",
       .operators = {"LayerNormalization"},
       .uses = {"ReduceMean", "Sub", "Mul", "Add", "Sqrt", "Div"},
       .rewrite = rewrite});
}

}  // namespace acuate
