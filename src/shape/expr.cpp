#include "shape/expr.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "base/check.h"
#include "shape/expr_node.h"

namespace acuate {
namespace {

constexpr size_t kMaxTerms = 64, kMaxDegree = 16;
constexpr int kMaxRelaxations = 4;

const ExprNode kUnknown;

bool checked_add(int64_t a, int64_t b, int64_t& out) { return !__builtin_add_overflow(a, b, &out); }
bool checked_multiply(int64_t a, int64_t b, int64_t& out) {
  return !__builtin_mul_overflow(a, b, &out);
}

int64_t floor_divide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

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

bool text_less(const ExprNode* a, const ExprNode* b) { return a->text < b->text; }

// Order of terms, a monomial order: higher degree first, then by atoms; so the constant is last.
bool term_less(const Monomial& a, const Monomial& b) {
  if (a.atoms.size() != b.atoms.size()) return a.atoms.size() > b.atoms.size();
  return std::lexicographical_compare(a.atoms.begin(), a.atoms.end(), b.atoms.begin(),
                                      b.atoms.end(), text_less);
}

bool is_compound(const ExprNode& atom) { return atom.kind == ExprNode::Kind::FloorDiv; }

std::string term_text(const Monomial& term, bool first) {
  std::string out;
  const int64_t coefficient = term.coefficient;
  out = coefficient < 0 ? (first ? "-" : " - ") : (first ? "" : " + ");
  const std::string digits = std::to_string(coefficient);
  const std::string magnitude = coefficient < 0 ? digits.substr(1) : digits;
  if (term.atoms.empty()) return out + magnitude;
  if (magnitude != "1") out += magnitude + "*";
  for (size_t i = 0; i < term.atoms.size(); ++i) {
    const ExprNode& atom = *term.atoms[i];
    if (i > 0) out += "*";
    out += is_compound(atom) && (magnitude != "1" || term.atoms.size() > 1) ? "(" + atom.text + ")"
                                                                            : atom.text;
  }
  return out;
}

std::optional<int64_t> term_bound(const Monomial& term, bool lower) {
  const bool wants_low = lower == (term.coefficient > 0);
  int64_t product = 1;
  if (term.atoms.size() == 1) {
    const auto bound = wants_low ? term.atoms[0]->lower : term.atoms[0]->upper;
    if (!bound) return std::nullopt;
    product = *bound;
  } else {
    for (const ExprNode* atom : term.atoms) {
      if (atom->lower.value_or(-1) < 0) return std::nullopt;
      const auto bound = wants_low ? atom->lower : atom->upper;
      if (!bound || !checked_multiply(product, *bound, product)) return std::nullopt;
    }
  }
  if (!checked_multiply(product, term.coefficient, product)) return std::nullopt;
  return product;
}

std::optional<int64_t> terms_bound(const std::vector<Monomial>& terms, bool lower) {
  int64_t sum = 0;
  for (const Monomial& term : terms) {
    const auto bound = term_bound(term, lower);
    if (!bound || !checked_add(sum, *bound, sum)) return std::nullopt;
  }
  return sum;
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

Expr Expr::unknown() { return Expr(kUnknown); }
bool Expr::is_unknown() const { return node_ == &kUnknown; }
std::optional<int64_t> Expr::as_number() const {
  return node_ == nullptr ? std::optional(number_) : std::nullopt;
}
bool Expr::is_symbol() const { return node_ != nullptr && node_->kind == ExprNode::Kind::Symbol; }
bool Expr::is_anonymous() const { return is_unknown() || (node_ != nullptr && node_->anonymous); }

std::string Expr::text() const {
  if (node_ == nullptr) return std::to_string(number_);
  if (is_unknown()) return "?";
  return node_->kind == ExprNode::Kind::Symbol && !node_->anonymous ? node_->name : node_->text;
}

std::optional<int64_t> Expr::upper_bound() const {
  return node_ == nullptr ? std::optional(number_) : node_->upper;
}

std::optional<int64_t> Expr::evaluate(const Binding& binding) const {
  if (node_ == nullptr) return number_;
  std::vector<int64_t> args;
  for (const Expr& arg : node_->args) {
    const auto value = arg.evaluate(binding);
    if (!value) return std::nullopt;
    args.push_back(*value);
  }
  switch (node_->kind) {
    case ExprNode::Kind::Unknown:
      return std::nullopt;
    case ExprNode::Kind::Symbol:
      return binding(node_->anonymous ? std::string_view(node_->text) : node_->name);
    case ExprNode::Kind::FloorDiv:
      return args[1] == 0 || args[1] == -1 ? std::nullopt
                                           : std::optional(floor_divide(args[0], args[1]));
    case ExprNode::Kind::Min:
      return *std::min_element(args.begin(), args.end());
    case ExprNode::Kind::Max:
      return *std::max_element(args.begin(), args.end());
    case ExprNode::Kind::Broadcast: {
      int64_t common = 1;
      for (const int64_t value : args) {
        if (value != 1 && common != 1 && value != common) return std::nullopt;
        if (value != 1) common = value;
      }
      return common;
    }
    case ExprNode::Kind::Sum:
      break;
  }
  int64_t sum = 0;
  for (const Monomial& term : node_->terms) {
    int64_t product = term.coefficient;
    for (const ExprNode* atom : term.atoms) {
      const auto value = Expr(*atom).evaluate(binding);
      if (!value || !checked_multiply(product, *value, product)) return std::nullopt;
    }
    if (!checked_add(sum, product, sum)) return std::nullopt;
  }
  return sum;
}

std::vector<std::string> Expr::symbols() const {
  std::set<std::string> found;
  std::vector<const ExprNode*> open;
  if (node_ != nullptr && !is_unknown()) open.push_back(node_);
  std::set<const ExprNode*> seen;
  while (!open.empty()) {
    const ExprNode* node = open.back();
    open.pop_back();
    if (!seen.insert(node).second) continue;
    if (node->kind == ExprNode::Kind::Symbol) found.insert(Expr(*node).text());
    for (const Expr& arg : node->args)
      if (arg.node_ != nullptr) open.push_back(arg.node_);
    for (const Monomial& term : node->terms)
      open.insert(open.end(), term.atoms.begin(), term.atoms.end());
  }
  return {found.begin(), found.end()};
}

ExprPool* pool_of(Expr a, Expr b) {
  const ExprNode* node = ExprNode::of(a) != nullptr ? ExprNode::of(a) : ExprNode::of(b);
  return node != nullptr ? node->pool : nullptr;
}

std::vector<Monomial> terms_of(Expr expr) {
  const ExprNode* node = ExprNode::of(expr);
  if (node == nullptr)
    return expr.is_number(0) ? std::vector<Monomial>{}
                             : std::vector<Monomial>{{*expr.as_number(), {}}};
  if (node->kind == ExprNode::Kind::Sum) return node->terms;
  return {{1, {node}}};
}

Expr sum_of(ExprPool* pool, std::vector<Monomial> terms) {
  std::sort(terms.begin(), terms.end(), term_less);
  std::vector<Monomial> merged;
  for (Monomial& term : terms) {
    if (term.atoms.size() > kMaxDegree) return Expr::unknown();
    if (!merged.empty() && merged.back().atoms == term.atoms) {
      if (!checked_add(merged.back().coefficient, term.coefficient, merged.back().coefficient))
        return Expr::unknown();
    } else {
      merged.push_back(std::move(term));
    }
  }
  std::erase_if(merged, [](const Monomial& term) { return term.coefficient == 0; });
  if (merged.empty()) return 0;
  if (merged.size() > kMaxTerms) return Expr::unknown();
  if (merged.size() == 1 && merged[0].atoms.empty()) return merged[0].coefficient;
  if (merged.size() == 1 && merged[0].coefficient == 1 && merged[0].atoms.size() == 1)
    return ExprNode::handle(merged[0].atoms[0]);
  ExprNode node;
  node.kind = ExprNode::Kind::Sum;
  node.terms = std::move(merged);
  return ExprNode::intern(*pool, std::move(node));
}

Expr ExprNode::intern(ExprPool& pool, ExprNode&& node) { return pool.intern(std::move(node)); }

namespace {

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

// Completes text, flags and bounds of an expression and gives the one that is kept.
Expr ExprPool::intern(ExprNode&& node) {
  using Kind = ExprNode::Kind;
  node.pool = this;
  for (const Expr& arg : node.args) node.anonymous |= arg.is_anonymous();
  const auto argument = [&](size_t i) {
    const ExprNode* arg = ExprNode::of(node.args[i]);
    const std::string text = arg == nullptr ? node.args[i].text() : arg->text;
    const bool bare = arg == nullptr ? text[0] != '-' : arg->terms.empty() && !is_compound(*arg);
    return bare ? text : "(" + text + ")";
  };
  const auto call = [&](const char* function) {
    std::string text = std::string(function) + "(";
    for (size_t i = 0; i < node.args.size(); ++i)
      text += (i > 0 ? ", " : "") +
              (node.args[i].is_number() ? node.args[i].text() : ExprNode::of(node.args[i])->text);
    return text + ")";
  };
  switch (node.kind) {
    case Kind::Sum: {
      for (const Monomial& term : node.terms) {
        for (const ExprNode* atom : term.atoms) node.anonymous |= atom->anonymous;
        node.text += term_text(term, node.text.empty());
      }
      node.lower = terms_bound(node.terms, true);
      node.upper = terms_bound(node.terms, false);
      break;
    }
    case Kind::FloorDiv: {
      node.text = argument(0) + "//" + argument(1);
      const auto divisor = node.args[1].as_number();
      const auto low = node.args[0].lower_bound(), high = node.args[0].upper_bound();
      if (divisor.value_or(0) > 0) {
        if (low) node.lower = floor_divide(*low, *divisor);
        if (high) node.upper = floor_divide(*high, *divisor);
      } else if (low.value_or(-1) >= 0 && node.args[1].lower_bound().value_or(-1) >= 0) {
        node.lower = 0;
        node.upper = high;
      }
      break;
    }
    case Kind::Min:
    case Kind::Max: {
      const bool is_min = node.kind == Kind::Min;
      node.text = call(is_min ? "min" : "max");
      // The tight side needs one bound, the other one all of them.
      bool all_low = true, all_high = true;
      for (const Expr& arg : node.args) {
        const auto low = arg.lower_bound(), high = arg.upper_bound();
        all_low &= low.has_value();
        all_high &= high.has_value();
        if (low && (!node.lower || (is_min ? *low < *node.lower : *low > *node.lower)))
          node.lower = low;
        if (high && (!node.upper || (is_min ? *high < *node.upper : *high > *node.upper)))
          node.upper = high;
      }
      if (is_min && !all_low) node.lower.reset();
      if (!is_min && !all_high) node.upper.reset();
      break;
    }
    case Kind::Broadcast:
      node.text = call("broadcast");
      node.lower = 0;
      break;
    case Kind::Symbol:
    case Kind::Unknown:
      break;
  }
  if (node.lower && node.lower == node.upper) return *node.lower;
  if (node.text.size() > kMaxExprText) return Expr::unknown();
  const auto found = nodes_.find(node.text);
  if (found != nodes_.end()) return Expr(*found->second);
  auto kept = std::make_unique<ExprNode>(std::move(node));
  const ExprNode* made = kept.get();
  nodes_.emplace(made->text, std::move(kept));
  return Expr(*made);
}

ExprPool::ExprPool() = default;
ExprPool::~ExprPool() = default;

// ------------------------------------------------------------------------------------------------

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
  if (a.is_number() && b.as_number().value_or(0) > 0)
    return floor_rest(*a.as_number(), *b.as_number());
  return a - b * floor_div(a, b);
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
  if (difference.lower_bound().value_or(0) > 0 || difference.upper_bound().value_or(0) < 0)
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
