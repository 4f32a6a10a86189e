#include "shape/expr.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "base/check.h"
#include "shape/expr_node.h"

namespace acuate {
namespace {

constexpr size_t kMaxDegree = 16;

const ExprNode kUnknown;

// Order of terms, a monomial order: higher degree first, then by atoms; so the constant is last.
bool term_less(const Monomial& a, const Monomial& b) {
  if (a.atoms.size() != b.atoms.size()) return a.atoms.size() > b.atoms.size();
  return std::lexicographical_compare(a.atoms.begin(), a.atoms.end(), b.atoms.begin(),
                                      b.atoms.end(), text_less);
}

bool is_compound(const ExprNode& atom) { return atom.kind == ExprNode::Kind::FloorDiv; }

// Whether the text of the term has its atoms in parentheses.
bool wraps(const Monomial& term, const ExprNode& atom) {
  return is_compound(atom) &&
         (term.atoms.size() > 1 || (term.coefficient != 1 && term.coefficient != -1));
}

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
    out += wraps(term, atom) ? "(" + atom.text + ")" : atom.text;
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

// Completes text, flags and bounds of an expression and gives the one that is kept.
Expr ExprPool::intern(ExprNode&& node) {
  using Kind = ExprNode::Kind;
  node.pool = this;
  // The magnitude of -2⁶³ is no int64: no text of it would read back.
  for (const Expr& arg : node.args)
    if (arg.is_number(INT64_MIN)) return Expr::unknown();
  for (const Monomial& term : node.terms)
    if (term.coefficient == INT64_MIN) return Expr::unknown();
  for (const Expr& arg : node.args) node.anonymous |= arg.is_anonymous();
  const auto argument = [&](size_t i) {
    const ExprNode* arg = ExprNode::of(node.args[i]);
    const std::string text = arg == nullptr ? node.args[i].text() : arg->text;
    const bool bare = arg == nullptr ? text[0] != '-' : arg->terms.empty() && !is_compound(*arg);
    node.depth = std::max(node.depth, (arg != nullptr ? arg->depth : 0) + (bare ? 0 : 1));
    return bare ? text : "(" + text + ")";
  };
  const auto call = [&](const char* function) {
    std::string text = std::string(function) + "(";
    for (size_t i = 0; i < node.args.size(); ++i) {
      const ExprNode* arg = ExprNode::of(node.args[i]);
      text += (i > 0 ? ", " : "") + (arg == nullptr ? node.args[i].text() : arg->text);
      node.depth = std::max(node.depth, (arg != nullptr ? arg->depth : 0) + 1);
    }
    return text + ")";
  };
  switch (node.kind) {
    case Kind::Sum: {
      for (const Monomial& term : node.terms) {
        for (const ExprNode* atom : term.atoms) {
          node.anonymous |= atom->anonymous;
          node.depth = std::max(node.depth, atom->depth + (wraps(term, *atom) ? 1 : 0));
        }
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
  if (node.text.size() > kMaxExprText || node.depth > kMaxExprDepth) return Expr::unknown();
  const auto found = nodes_.find(node.text);
  if (found != nodes_.end()) return Expr(*found->second);
  auto kept = std::make_unique<ExprNode>(std::move(node));
  const ExprNode* made = kept.get();
  nodes_.emplace(made->text, std::move(kept));
  return Expr(*made);
}

ExprPool::ExprPool() = default;
ExprPool::~ExprPool() = default;

}  // namespace acuate
