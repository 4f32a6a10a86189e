#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  const bool is_sum = node.is_op("Sum") || node.is_op("Mean");
  if (auto reason = not_floating(node)) return reason;
  if (node.graph().opset_version() < 8) return "it broadcasts from opset 8 on";
  if (node.input_count() < (is_sum ? 2U : 3U)) return "it has too few inputs to be a chain";
  Expansion out(node, context);
  Value* y = node.input(0);
  for (size_t slot = 1; slot < node.input_count(); ++slot)
    y = out.add(is_sum ? "Add" : node.op_type(), {y, node.input(slot)});
  if (node.is_op("Mean"))
    y = out.add("Mul", {y, out.number(1 / static_cast<double>(node.input_count()))});
  return out.finish(y);
}

}  // namespace

void register_rewrite_legalize_variadic(LegalizerRegistry& registry) {
  registry.add(
      {.id = "legalize_variadic",
       .doc = "Sum, Mean, Max and Min of several inputs become a chain of operators of two.",
       .exactness = Exactness::Rounding,
       .bound = "|y' - y| <= n * 2^-23 * sum |x_i| for float32 where n inputs are added; Max "
                "and Min keep their bits",
       .operators = {"Sum", "Mean", "Max", "Min"},
       .uses = {"Add", "Max", "Min", "Mul"},
       .rewrite = rewrite});
}

}  // namespace acuate
