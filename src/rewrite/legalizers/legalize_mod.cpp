#include <algorithm>
#include <cmath>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

constexpr int64_t kLargest = int64_t{1} << 30;  // twice the divisor stays within int32

// Remainder of a division that drops the fraction: x - d * (x / d).
Value* remainder(Expansion& out, Value* x, Value* divisor) {
  Value* whole = out.add("Mul", {out.add("Div", {x, divisor}), divisor});
  return out.add("Sub", {x, whole});
}

std::optional<std::string> rewrite_integers(Node& node, const LegalizeContext& context) {
  const auto divisors = known_ints(node.input(1), context);
  if (!divisors || divisors->empty()) return "its divisor is not constant";
  if (std::any_of(divisors->begin(), divisors->end(),
                  [](int64_t d) { return d < 1 || d > kLargest; }))
    return "its divisor is not between 1 and 2^30";
  Expansion out(node, context);
  Value* divisor = node.input(1);
  Value* y = remainder(out, node.input(0), divisor);
  if (node.int_attribute("fmod", 0) == 0) y = remainder(out, out.add("Add", {y, divisor}), divisor);
  return out.finish(y);
}

// Dividing by a power of two, and multiplying again, changes the exponent alone, and x less than a
// multiple below it is a float: nothing rounds, short of numbers below 2^-126 * d.
std::optional<std::string> rewrite_floats(Node& node, const LegalizeContext& context) {
  const auto divisors = known_reals(node.input(1));
  if (!divisors || divisors->size() != 1) return "its divisor is not one constant";
  int exponent = 0;
  if (std::frexp((*divisors)[0], &exponent) != 0.5 || exponent < 1 || exponent > 64)
    return "its divisor is not 1, 2, 4, …, so that a quotient near a whole number may round to it";
  Value* x = node.input(0);
  Value* divisor = node.input(1);
  Expansion out(node, context);
  Value* parts = out.add("Floor", {out.add("Div", {out.add("Abs", {x}), divisor})});
  Value* whole = out.add("Mul", {out.add("Mul", {parts, divisor}), out.add("Sign", {x})});
  return out.finish(out.add("Sub", {x, whole}));
}

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (node.input(0) == nullptr || node.input(1) == nullptr) return "";
  const ElementType element = node.input(0)->type.element;
  if (element == ElementType::Int32 || element == ElementType::Int64)
    return rewrite_integers(node, context);
  if (auto reason = not_real(node)) return reason;
  return rewrite_floats(node, context);
}

}  // namespace

void register_rewrite_legalize_mod(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_mod",
                .doc =
                    "Mod of integers by a constant above zero becomes Div, Mul, Sub, and with the "
                    "sign of the divisor Add and these again; Mod of floats (fmod) by a constant "
                    "power of two becomes x - d * Sign(x) * Floor(|x| / d).",
                .exactness = Exactness::Rounding,
                .bound = "integers keep their bits, as do finite floats, but for the sign of zero",
                .operators = {"Mod"},
                .uses = {"Div", "Floor", "Abs", "Sign", "Mul", "Sub", "Add"},
                .rewrite = rewrite});
}

}  // namespace acuate
