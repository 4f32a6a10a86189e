// What can be decided of expressions, and the functions that decide: min, max, broadcast.
#include <algorithm>

#include "shape/expr.h"
#include "shape/expr_node.h"

namespace acuate {
namespace {

constexpr int kMaxRelaxations = 5;

// A bound of an expression whose floors, minima and maxima are replaced by what bounds them:
// (p − c + 1)/c ≤ ⌊p/c⌋ ≤ p/c, min(a, b) ≤ a, max(a, b) ≥ a. Only the sign of the result means
// something: it is scaled.
bool is_floor_by_number(const Monomial& term) {
  return term.atoms.size() == 1 && term.atoms[0]->kind == ExprNode::Kind::FloorDiv &&
         term.atoms[0]->args[1].is_number();
}

std::optional<int64_t> relax(Expr expr, bool upper, int steps, int& budget) {
  if (--budget < 0) return std::nullopt;
  if (expr.is_unknown()) return std::nullopt;
  if (const auto bound = upper ? expr.upper_bound() : expr.lower_bound()) return bound;
  if (steps == 0) return std::nullopt;
  const std::vector<Monomial> terms = terms_of(expr);
  // ⌊p/a⌋ ≥ ⌊q/b⌋ where p/a ≥ q/b: such a difference is on the safe side of 0.
  for (const Monomial& plus : terms)
    for (const Monomial& minus : terms) {
      if (plus.coefficient <= 0 || minus.coefficient >= 0 || !is_floor_by_number(plus) ||
          !is_floor_by_number(minus))
        continue;
      const std::vector<Expr>&greater = (upper ? minus : plus).atoms[0]->args,
            &lesser = (upper ? plus : minus).atoms[0]->args;
      const auto margin =
          relax(greater[0] * lesser[1] - lesser[0] * greater[1], false, steps - 1, budget);
      if (margin.value_or(-1) < 0) continue;
      const int64_t common = std::min(plus.coefficient, -minus.coefficient);
      const Expr pair = ExprNode::handle(plus.atoms[0]) - ExprNode::handle(minus.atoms[0]);
      const auto bound = relax(expr - pair * common, upper, steps - 1, budget);
      if (bound && (upper ? *bound <= 0 : *bound >= 0)) return bound;
    }
  // Extremes before floors: their arguments cancel against other terms as they stand.
  for (const bool is_floor : {false, true})
    for (const Monomial& term : terms) {
      if (term.atoms.size() != 1) continue;
      const ExprNode& node = *term.atoms[0];
      const bool from_above = upper == (term.coefficient > 0);
      const Expr others = expr - ExprNode::handle(&node) * term.coefficient;
      if (is_floor && is_floor_by_number(term)) {
        const Expr numerator = node.args[0], divisor = node.args[1];
        const Expr replaced = from_above ? numerator : numerator - divisor + 1;
        return relax(others * divisor + replaced * term.coefficient, upper, steps - 1, budget);
      }
      if (is_floor || (node.kind != ExprNode::Kind::Min && node.kind != ExprNode::Kind::Max))
        continue;
      // One argument bounds it on the one side, all of them on the other.
      const bool one_is_enough =
          node.kind == (from_above ? ExprNode::Kind::Min : ExprNode::Kind::Max);
      bool is_strict = true;
      for (const Expr& arg : node.args) {
        const auto bound = relax(others + arg * term.coefficient, upper, steps - 1, budget);
        const bool holds = bound && (upper ? *bound <= 0 : *bound >= 0);
        if (holds == one_is_enough) return holds ? bound : std::nullopt;
        is_strict &= bound && *bound != 0;
      }
      if (one_is_enough) return std::nullopt;
      return is_strict ? (upper ? -1 : 1) : 0;
    }
  return std::nullopt;
}

}  // namespace

std::optional<int64_t> relaxed_bound(Expr expr, bool upper) {
  ExprPool* pool = pool_of(expr, expr);
  if (pool == nullptr || pool->is_relaxing_) return upper ? expr.upper_bound() : expr.lower_bound();
  pool->is_relaxing_ = true;
  int budget = kMaxRelaxations * kMaxRelaxations;
  const auto bound = relax(expr, upper, kMaxRelaxations, budget);
  pool->is_relaxing_ = false;
  return bound;
}

std::optional<int64_t> Expr::lower_bound() const {
  if (node_ == nullptr) return number_;
  // What floors take away is often given back, h − 7·⌊h/7⌋ ≥ 0: looked at when somebody asks.
  if (node_->kind == ExprNode::Kind::Sum && !node_->lower && !node_->is_relaxed &&
      !node_->pool->is_relaxing_) {
    node_->is_relaxed = true;
    if (relaxed_bound(*this, false).value_or(-1) >= 0) node_->lower = 0;
  }
  return node_->lower;
}

namespace {
// Arguments of a nested min, max or broadcast stand beside the new ones.
std::vector<Expr> flat_args(ExprNode::Kind kind, Expr a, Expr b) {
  std::vector<Expr> args;
  for (const Expr& side : {a, b}) {
    const ExprNode* node = ExprNode::of(side);
    if (node != nullptr && node->kind == kind)
      args.insert(args.end(), node->args.begin(), node->args.end());
    else
      args.push_back(side);
  }
  return args;
}

void sort_args(std::vector<Expr>& args) {
  std::sort(args.begin(), args.end(),
            [](const Expr& x, const Expr& y) { return x.text() < y.text(); });
}

Expr function_of(ExprNode::Kind kind, ExprPool* pool, std::vector<Expr> args) {
  if (args.size() == 1) return args[0];
  if (args.size() > kMaxTerms) return Expr::unknown();
  ExprNode node;
  node.kind = kind;
  node.args = std::move(args);
  return ExprNode::intern(*pool, std::move(node));
}

// Arguments that another one decides in any case go.
Expr extreme(ExprNode::Kind kind, Expr a, Expr b) {
  if (a.is_unknown() || b.is_unknown()) return Expr::unknown();
  const std::vector<Expr> args = flat_args(kind, a, b);
  std::vector<Expr> kept;
  for (size_t i = 0; i < args.size(); ++i) {
    bool decided = false;
    for (size_t j = 0; j < args.size() && !decided; ++j) {
      if (i == j) continue;
      const auto smaller =
          kind == ExprNode::Kind::Min ? less(args[i], args[j]) : less(args[j], args[i]);
      // Not smaller in any case: the other one is enough; of two equal ones the first stays.
      decided = is_false(smaller) && (j < i || !is_true(same(args[i], args[j])));
    }
    if (!decided) kept.push_back(args[i]);
  }
  sort_args(kept);
  return function_of(kind, pool_of(a, b), std::move(kept));
}
}  // namespace

Expr min(Expr a, Expr b) { return extreme(ExprNode::Kind::Min, a, b); }
Expr max(Expr a, Expr b) { return extreme(ExprNode::Kind::Max, a, b); }

Expr broadcast(Expr a, Expr b) {
  if (a.is_number(1) || a == b) return b;
  if (b.is_number(1)) return a;
  // One that cannot be 1 decides: the other is 1 or equal to it.
  if (a.is_number() && b.is_number()) return Expr::unknown();
  if (a.is_number()) return a;
  if (b.is_number()) return b;
  if (a.is_unknown() || b.is_unknown()) return Expr::unknown();
  std::vector<Expr> args = flat_args(ExprNode::Kind::Broadcast, a, b);
  sort_args(args);
  args.erase(std::unique(args.begin(), args.end()), args.end());
  return function_of(ExprNode::Kind::Broadcast, pool_of(a, b), std::move(args));
}

std::optional<bool> same(Expr a, Expr b) {
  if (a == b) return true;
  if (a.is_number() && b.is_number()) return false;
  const Expr difference = a - b;
  if (difference.is_number()) return difference.is_number(0);
  if (relaxed_bound(difference, false).value_or(0) > 0 ||
      relaxed_bound(difference, true).value_or(0) < 0)
    return false;
  return std::nullopt;
}

std::optional<bool> less(Expr a, Expr b) {
  if (a.is_number() && b.is_number()) return *a.as_number() < *b.as_number();
  const Expr difference = a - b;
  if (const auto high = relaxed_bound(difference, true); high && *high < 0) return true;
  if (const auto low = relaxed_bound(difference, false); low && *low >= 0) return false;
  return std::nullopt;
}

}  // namespace acuate
