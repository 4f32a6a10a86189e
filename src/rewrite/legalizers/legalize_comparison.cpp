#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  Value* a = node.input(0);
  Value* b = node.input(1);
  Expansion out(node, context);
  Value* apart = out.add(node.is_op("GreaterOrEqual") ? "Greater" : "Less", {a, b});
  return out.finish(out.add("Or", {apart, out.add("Equal", {a, b})}));
}

}  // namespace

void register_rewrite_legalize_comparison(LegalizerRegistry& registry) {
  registry.add(
      {.id = "legalize_comparison",
       .doc = "GreaterOrEqual and LessOrEqual become Greater or Less, Equal, and Or, which is "
              "right for NaN too.",
       .exactness = Exactness::Exact,
       .operators = {"GreaterOrEqual", "LessOrEqual"},
       .uses = {"Greater", "Less", "Equal", "Or"},
       .rewrite = rewrite});
}

}  // namespace acuate
