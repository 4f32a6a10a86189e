#include <algorithm>
#include <numeric>
#include <utility>

#include "shape/expr.h"
#include "shape/expr_node.h"

namespace acuate {
namespace {

// What floor_divide leaves, for b > 0.
int64_t floor_rest(int64_t a, int64_t b) {
  const int64_t rest = a % b;
  return rest < 0 ? rest + b : rest;
}

// a / b, for b other than 0, where it is a number that leaves no rest.
std::optional<int64_t> exact_divide(int64_t a, int64_t b) {
  if ((a == INT64_MIN && b == -1) || a % b != 0) return std::nullopt;
  return a / b;
}

// The quotient of two polynomials where the division leaves no rest.
std::optional<Expr> quotient_of(ExprPool* pool, Expr a, Expr b) {
  const std::vector<Monomial> divisor = terms_of(b);
  const Monomial& lead = divisor.front();
  std::vector<Monomial> quotient;
  Expr rest = a;
  for (size_t step = 0; step < kMaxTerms; ++step) {
    if (rest.is_number(0)) return sum_of(pool, std::move(quotient));
    const std::vector<Monomial> terms = terms_of(rest);
    const Monomial& top = terms.front();
    Monomial factor;
    const auto coefficient = exact_divide(top.coefficient, lead.coefficient);
    if (!coefficient || !std::includes(top.atoms.begin(), top.atoms.end(), lead.atoms.begin(),
                                       lead.atoms.end(), text_less))
      return std::nullopt;
    factor.coefficient = *coefficient;
    std::set_difference(top.atoms.begin(), top.atoms.end(), lead.atoms.begin(), lead.atoms.end(),
                        std::back_inserter(factor.atoms), text_less);
    rest = rest - sum_of(pool, {factor}) * b;
    if (rest.is_unknown()) return std::nullopt;
    quotient.push_back(std::move(factor));
  }
  return std::nullopt;
}

// The greatest monomial that divides every term of both.
Expr common_factor(ExprPool* pool, Expr a, Expr b) {
  Monomial common;
  bool is_first = true;
  for (const Expr& side : {a, b})
    for (const Monomial& term : terms_of(side)) {
      if (term.coefficient == INT64_MIN) return 1;  // it has no magnitude
      if (std::exchange(is_first, false)) {
        common = term;
        continue;
      }
      std::vector<const ExprNode*> atoms;
      std::set_intersection(common.atoms.begin(), common.atoms.end(), term.atoms.begin(),
                            term.atoms.end(), std::back_inserter(atoms), text_less);
      common.atoms = std::move(atoms);
      common.coefficient = std::gcd(common.coefficient, term.coefficient);
    }
  if (common.coefficient < 0) common.coefficient = -common.coefficient;
  return common.coefficient > 0 ? sum_of(pool, {common}) : Expr(1);
}

}  // namespace

Expr operator+(Expr a, Expr b) {
  if (a.is_unknown() || b.is_unknown()) return Expr::unknown();
  if (a.is_number() && b.is_number()) {
    int64_t sum = 0;
    return checked_add(*a.as_number(), *b.as_number(), sum) ? Expr(sum) : Expr::unknown();
  }
  std::vector<Monomial> terms = terms_of(a);
  for (Monomial& term : terms_of(b)) terms.push_back(std::move(term));
  return sum_of(pool_of(a, b), std::move(terms));
}

Expr operator*(Expr a, Expr b) {
  if (a.is_number(0) || b.is_number(0)) return 0;
  if (a.is_unknown() || b.is_unknown()) return Expr::unknown();
  if (a.is_number(1)) return b;
  if (b.is_number(1)) return a;
  if (a.is_number() && b.is_number()) {
    int64_t product = 0;
    return checked_multiply(*a.as_number(), *b.as_number(), product) ? Expr(product)
                                                                     : Expr::unknown();
  }
  std::vector<Monomial> terms;
  const std::vector<Monomial> right = terms_of(b);
  for (const Monomial& x : terms_of(a))
    for (const Monomial& y : right) {
      Monomial product;
      if (!checked_multiply(x.coefficient, y.coefficient, product.coefficient))
        return Expr::unknown();
      std::merge(x.atoms.begin(), x.atoms.end(), y.atoms.begin(), y.atoms.end(),
                 std::back_inserter(product.atoms), text_less);
      terms.push_back(std::move(product));
    }
  return sum_of(pool_of(a, b), std::move(terms));
}

Expr operator-(Expr a) { return a * Expr(-1); }
Expr operator-(Expr a, Expr b) { return a + -b; }

Expr floor_div(Expr a, Expr b) {
  if (a.is_unknown() || b.is_unknown() || b.is_number(0)) return Expr::unknown();
  if (b.is_number(1) || a.is_number(0)) return a;
  if (b.is_number() && *b.as_number() < 0) return floor_div(-a, -b);
  if (a.is_number() && b.is_number()) return floor_divide(*a.as_number(), *b.as_number());
  if (a == b) return 1;
  ExprPool* pool = pool_of(a, b);
  if (!b.is_number()) {
    if (const auto quotient = quotient_of(pool, a, b)) return *quotient;
    // ⌊(g·p) / (g·q)⌋ = ⌊p / q⌋.
    const Expr common = common_factor(pool, a, b);
    if (!common.is_number(1)) {
      const auto p = quotient_of(pool, a, common), q = quotient_of(pool, b, common);
      if (p && q) return floor_div(*p, *q);
    }
    ExprNode node;
    node.kind = ExprNode::Kind::FloorDiv;
    node.args = {a, b};
    return ExprNode::intern(*pool, std::move(node));
  }
  // What the divisor divides leaves the floor; the rest is reduced by its common factor.
  const int64_t divisor = *b.as_number();
  std::vector<Monomial> whole, rest;
  int64_t constant = 0, factor = divisor;
  for (Monomial& term : terms_of(a)) {
    if (term.atoms.empty()) {
      constant = term.coefficient;
      continue;
    }
    const int64_t quotient = floor_divide(term.coefficient, divisor);
    const int64_t remainder = floor_rest(term.coefficient, divisor);
    if (quotient != 0) whole.push_back({quotient, term.atoms});
    if (remainder == 0) continue;
    factor = std::gcd(factor, remainder);
    rest.push_back({remainder, std::move(term.atoms)});
  }
  const int64_t quotient = floor_divide(constant, divisor);
  if (quotient != 0) whole.push_back({quotient, {}});
  if (rest.empty()) return sum_of(pool, std::move(whole));
  for (Monomial& term : rest) term.coefficient /= factor;
  const int64_t left = floor_divide(floor_rest(constant, divisor), factor);
  if (left != 0) rest.push_back({left, {}});
  Expr numerator = sum_of(pool, std::move(rest));
  Expr denominator = divisor / factor;
  if (denominator.is_number(1)) return sum_of(pool, std::move(whole)) + numerator;
  // ⌊(⌊p / q⌋ + k) / d⌋ = ⌊(p + k·q) / (q·d)⌋ for q, d > 0.
  const Expr offset = numerator.is_number() ? numerator : Expr(left);
  const ExprNode* inner = ExprNode::of(numerator - offset);
  Expr nested;
  bool is_nested = false;
  if (inner != nullptr && inner->kind == ExprNode::Kind::FloorDiv && inner->args[1].is_number()) {
    nested = floor_div(inner->args[0] + offset * inner->args[1], inner->args[1] * denominator);
    is_nested = !nested.is_unknown();
  }
  if (!is_nested) {
    ExprNode node;
    node.kind = ExprNode::Kind::FloorDiv;
    node.args = {numerator, denominator};
    nested = ExprNode::intern(*pool, std::move(node));
  }
  return sum_of(pool, std::move(whole)) + nested;
}

std::optional<Expr> exact_quotient(Expr a, Expr b) {
  if (a.is_unknown() || b.is_unknown() || b.is_number(0)) return std::nullopt;
  if (b.is_number(1)) return a;
  return quotient_of(pool_of(a, b), a, b);
}

Expr ceil_div(Expr a, Expr b) {
  return b.is_number() && *b.as_number() > 0 ? floor_div(a + (b - 1), b) : -floor_div(-a, b);
}
Expr mod(Expr a, Expr b) {
  if (b.is_number(0)) return Expr::unknown();
  if (a.is_number() && b.as_number().value_or(0) > 0)
    return floor_rest(*a.as_number(), *b.as_number());
  return a - b * floor_div(a, b);
}

}  // namespace acuate
