#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  Value* x = node.input(0);
  const auto rank = rank_of(x);
  const auto axis = rank ? normalized_axis(node.int_attribute("axis", -1), *rank) : std::nullopt;
  if (!axis) return "the rank of its input is not known";
  const int64_t p = node.int_attribute("p", 2);
  if (p != 1 && p != 2) return "its p is neither 1 nor 2";
  Expansion out(node, context);
  Value* norm = out.reduce(p == 1 ? "ReduceL1" : "ReduceL2", x, {*axis});
  // Where all is zero the norm is, and 0 / 1 is what is wanted; any other is above 0.
  Value* is_zero = out.add("Cast", {out.add("Equal", {norm, out.number(0)})},
                           {{"to", static_cast<int64_t>(x->type.element)}});
  return out.finish(out.add("Div", {x, out.add("Add", {norm, is_zero})}));
}

}  // namespace

void register_rewrite_legalize_lp_norm(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_lp_norm",
                .doc = "LpNormalization becomes the input divided by ReduceL1 or ReduceL2 of its "
                       "axis, by 1 where that is zero.",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= (N + 4) * 2^-22 * |y| for float32, N the size of the axis, "
                         "where the squares of the elements neither overflow nor vanish",
                .operators = {"LpNormalization"},
                .uses = {"ReduceL1", "ReduceL2", "Equal", "Cast", "Add", "Div"},
                .rewrite = rewrite});
}

}  // namespace acuate
