#include <cmath>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  const auto exponent = known_reals(node.input(1));
  if (!exponent || exponent->size() != 1) return "its exponent is not one constant";
  const double power = std::abs((*exponent)[0]);
  if (power != 0.5 && power != 1 && power != 2 &&
      ((*exponent)[0] < 0 || (power != 3 && power != 4)))
    return "its exponent is not one of 2, 3, 4, 0.5, -0.5, -1, -2";
  const auto shape = known_shape(node.input(1));
  if (!shape ||
      (!shape->empty() && rank_of(node.input(0)).value_or(0) < static_cast<int64_t>(shape->size())))
    return "its exponent adds dimensions";
  if ((*exponent)[0] == 1) return "its exponent is 1";
  Value* x = node.input(0);
  Expansion out(node, context);
  Value* y = x;
  if (power == 0.5) y = out.add("Sqrt", {x});
  if (power >= 2) y = out.add("Mul", {x, x});
  if (power == 3) y = out.add("Mul", {y, x});
  if (power == 4) y = out.add("Mul", {y, y});
  if ((*exponent)[0] < 0) y = out.add("Div", {out.number(1), y});
  return out.finish(y);
}

}  // namespace

void register_rewrite_legalize_pow(LegalizerRegistry& registry) {
  registry.add(
      {.id = "legalize_pow",
       .doc = "Pow with the constant exponent 2, 3, 4, 0.5, -0.5, -1 or -2 becomes products, "
              "a root, a quotient.",
       .exactness = Exactness::Rounding,
       .bound = "|y' - y| <= 2^-21 * |y| for float32; the root of minus infinity and of -0 "
                "differ",
       .operators = {"Pow"},
       .uses = {"Mul", "Sqrt", "Div"},
       .rewrite = rewrite});
}

}  // namespace acuate
