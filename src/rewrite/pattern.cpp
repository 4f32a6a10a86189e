#include "rewrite/pattern.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "rewrite/facts.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

constexpr double kPrintedPrecision = 1e-5;
// Choices tried for one node; far above what the patterns of this room need.
constexpr int kMaxSteps = 20'000;

bool is_commutative(std::string_view op) {
  constexpr std::string_view kOps[] = {"Add", "Mul", "Max", "Min", "And", "Or", "Xor", "Equal"};
  return std::find(std::begin(kOps), std::end(kOps), op) != std::end(kOps);
}

double precision(ElementType type) {
  if (type == ElementType::Float16) return 0x1p-11;
  if (type == ElementType::Bfloat16) return 0x1p-8;
  return kPrintedPrecision;
}

bool is_number(const Value* value, double expected) {
  const auto found = scalar_constant(value);
  if (!found) return false;
  if (*found == expected) return true;
  const double allowed = precision(value->initializer->type) * std::abs(expected);
  return std::isfinite(expected) && std::abs(*found - expected) <= allowed;
}

std::string name_of(const Value* value) {
  return value == nullptr ? "nothing" : "'" + to_valid_utf8(value->name) + "'";
}

}  // namespace

// ---------------------------------------------------------------------------------------- the text

class Pattern::Parser {
 public:
  Parser(Pattern& pattern, std::string_view text) : pattern_(pattern), text_(text) {}

  void run() {
    pattern_.root_ = alternatives();
    expect(at_ == text_.size(), "the end");
  }

 private:
  void expect(bool found, std::string_view what) const {
    ACUATE_CHECK(found, "pattern '" + std::string(text_) + "': expected " + std::string(what) +
                            " at column " + std::to_string(at_ + 1));
  }
  bool take(std::string_view token) {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  std::string_view word() {
    const size_t start = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
      ++at_;
    return text_.substr(start, at_ - start);
  }
  int add(Term term) {
    pattern_.terms_.push_back(std::move(term));
    return static_cast<int>(pattern_.terms_.size() - 1);
  }
  int name_index(std::string_view name) {
    auto& names = pattern_.names_;
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) names.emplace_back(name);
    return static_cast<int>(std::find(names.begin(), names.end(), name) - names.begin());
  }

  int alternatives() {
    std::vector<int> choices = {term()};
    while (take("|")) choices.push_back(term());
    if (choices.size() == 1) return choices[0];
    Term either;
    either.kind = Kind::Either;
    either.operands = std::move(choices);
    return add(std::move(either));
  }

  int number() {
    Term term;
    term.kind = Kind::Number;
    const char* end = text_.data() + text_.size();
    const auto [stop, error] = std::from_chars(text_.data() + at_, end, term.number);
    expect(error == std::errc(), "a number");
    at_ = static_cast<size_t>(stop - text_.data());
    return add(std::move(term));
  }

  int term() {
    if (take("(")) {
      const int inner = alternatives();
      expect(take(")"), ")");
      return inner;
    }
    take("");
    expect(at_ < text_.size(), "a term");
    const char first = text_[at_];
    if (std::isdigit(static_cast<unsigned char>(first)) != 0 || first == '-' ||
        text_.substr(at_).starts_with("inf"))
      return number();
    const bool is_scalar = take("#");
    const std::string_view name = word();
    expect(!name.empty(), "a name");
    if (std::isupper(static_cast<unsigned char>(name.front())) != 0 && !is_scalar)
      return node(name);
    if (take("=")) {
      const int made = term();
      pattern_.terms_[static_cast<size_t>(made)].name = name_index(name);
      return made;
    }
    Term any;
    if (is_scalar) any.kind = Kind::Scalar;
    any.name = name_index(name);
    return add(std::move(any));
  }

  int node(std::string_view op) {
    Term term;
    term.op = op;
    term.kind = take("?") ? Kind::Optional : Kind::Operator;
    expect(take("("), "(");
    do {
      if (take("...")) {
        term.is_open = true;
        break;
      }
      term.operands.push_back(alternatives());
    } while (take(","));
    expect(take(")"), ")");
    expect(term.kind == Kind::Operator || term.operands.size() == 1, "one operand of an optional");
    return add(std::move(term));
  }

  Pattern& pattern_;
  std::string_view text_;
  size_t at_ = 0;
};

Pattern::Pattern(std::string_view text) { Parser(*this, text).run(); }

size_t Pattern::operator_count() const {
  // Operands stand before the terms that use them.
  std::vector<size_t> counts(terms_.size(), 0);
  for (size_t i = 0; i < terms_.size(); ++i) {
    const auto count = [&](int operand) { return counts[static_cast<size_t>(operand)]; };
    if (terms_[i].kind == Kind::Either) {
      counts[i] = count(terms_[i].operands.front());
      for (const int operand : terms_[i].operands) counts[i] = std::min(counts[i], count(operand));
      continue;
    }
    for (const int operand : terms_[i].operands) counts[i] += count(operand);
    if (terms_[i].kind == Kind::Operator) ++counts[i];
  }
  return counts[static_cast<size_t>(root_)];
}

std::string_view Pattern::root() const {
  const Term& term = terms_[static_cast<size_t>(root_)];
  return term.kind == Kind::Operator ? std::string_view(term.op) : std::string_view();
}

// ------------------------------------------------------------------------------------- the matcher

class PatternMatcher {
 public:
  PatternMatcher(const Pattern& pattern, Node& root) : pattern_(pattern), root_(root) {
    match_.names_ = &pattern.names_;
    match_.values_.resize(pattern.names_.size());
  }

  bool run() {
    const Goal goal{pattern_.root_, root_.output(), nullptr};
    return solve(&goal);
  }
  Match& match() { return match_; }

  // The furthest that any choice came: how many nodes were there, and what was missing then.
  size_t reached() const { return reached_; }
  std::string reason() const {
    switch (miss_) {
      case Miss::Operator:
        return name_of(missed_) + " is made by " +
               (missed_ != nullptr && missed_->producer != nullptr
                    ? std::string(missed_->producer->op_type())
                    : "no node") +
               ", where " + term(missed_term_).op + " is expected";
      case Miss::InputCount:
        return name_of(missed_) + " is made from another number of inputs than expected";
      case Miss::OtherGraph:
        return name_of(missed_) + " is made in another graph";
      case Miss::OtherValue:
        return name_of(missed_) + " stands where another tensor is expected";
      case Miss::Scalar:
        return name_of(missed_) + " is not a constant of one element";
      case Miss::Number:
        return name_of(missed_) + " is not the constant " +
               std::to_string(term(missed_term_).number);
      case Miss::ReadOutside:
        return name_of(missed_) + " has another use";
    }
    return {};
  }

 private:
  enum class Miss { Operator, InputCount, OtherGraph, OtherValue, Scalar, Number, ReadOutside };
  struct Goal {
    int term;
    Value* value;
    const Goal* next;
  };

  const Pattern::Term& term(int index) const { return pattern_.terms_[static_cast<size_t>(index)]; }

  bool fail(Miss miss, const Goal& goal) {
    // What is there but read elsewhere is nearer than anything that is not there.
    const size_t found = match_.nodes_.size() + (miss == Miss::ReadOutside ? 1 : 0);
    if (found > reached_ || missed_term_ < 0) {
      reached_ = found;
      miss_ = miss;
      missed_ = goal.value;
      missed_term_ = goal.term;
    }
    return false;
  }

  // Everything in the list, first to last; on failure the bindings are as they were.
  bool solve(const Goal* goal) {
    if (goal == nullptr) return is_closed();
    if (++steps_ > kMaxSteps) return false;
    const Pattern::Term& wanted = term(goal->term);
    Value** bound = nullptr;
    if (wanted.name >= 0) {
      bound = &match_.values_[static_cast<size_t>(wanted.name)];
      if (*bound != nullptr)
        return *bound == goal->value ? solve(goal->next) : fail(Miss::OtherValue, *goal);
      if (goal->value == nullptr) return fail(Miss::Operator, *goal);
      *bound = goal->value;
    }
    if (solve_unbound(wanted, *goal)) return true;
    if (bound != nullptr) *bound = nullptr;
    return false;
  }

  bool solve_unbound(const Pattern::Term& wanted, const Goal& goal) {
    switch (wanted.kind) {
      case Pattern::Kind::Any:
        return solve(goal.next);
      case Pattern::Kind::Scalar:
        return scalar_constant(goal.value) ? solve(goal.next) : fail(Miss::Scalar, goal);
      case Pattern::Kind::Number:
        return is_number(goal.value, wanted.number) ? solve(goal.next) : fail(Miss::Number, goal);
      case Pattern::Kind::Either:
        for (const int choice : wanted.operands) {
          const Goal chosen{choice, goal.value, goal.next};
          if (solve(&chosen)) return true;
        }
        return false;
      case Pattern::Kind::Optional: {
        if (goal.value != nullptr && goal.value->producer != nullptr &&
            goal.value->producer->is_op(wanted.op) && solve_node(wanted, goal))
          return true;
        const Goal skipped{wanted.operands[0], goal.value, goal.next};
        return solve(&skipped);
      }
      case Pattern::Kind::Operator:
        return solve_node(wanted, goal);
    }
    return false;
  }

  bool solve_node(const Pattern::Term& wanted, const Goal& goal) {
    Node* node = goal.value == nullptr ? nullptr : goal.value->producer;
    if (node == nullptr || !node->is_op(wanted.op) || goal.value != node->output())
      return fail(Miss::Operator, goal);
    if (&node->graph() != &root_.graph()) return fail(Miss::OtherGraph, goal);
    const size_t count = wanted.operands.size();
    if (node->input_count() < count || (node->input_count() > count && !wanted.is_open))
      return fail(Miss::InputCount, goal);
    const bool is_new =
        std::find(match_.nodes_.begin(), match_.nodes_.end(), node) == match_.nodes_.end();
    if (is_new) match_.nodes_.push_back(node);
    if (solve_operands(wanted, *node, false, goal.next)) return true;
    if (count == 2 && is_commutative(wanted.op) && solve_operands(wanted, *node, true, goal.next))
      return true;
    if (is_new) match_.nodes_.pop_back();
    return false;
  }

  // Puts the operands before what is open already.
  bool solve_operands(const Pattern::Term& wanted, const Node& node, bool is_swapped,
                      const Goal* next) {
    std::vector<Goal> goals(wanted.operands.size());
    for (size_t i = 0; i < goals.size(); ++i)
      goals[i] = {wanted.operands[i], node.input(is_swapped ? 1 - i : i),
                  i + 1 < goals.size() ? &goals[i + 1] : next};
    return solve(goals.empty() ? next : goals.data());
  }

  // What inner nodes make is read by matched nodes alone, and no graph output; the root makes one
  // tensor only.
  bool is_closed() {
    for (Node* node : match_.nodes_)
      for (Value* output : node->outputs()) {
        if (output == nullptr || output == root_.output()) continue;
        bool is_inside = !output->is_output();
        for (size_t i = 0; is_inside && i < output->uses().size(); ++i) {
          const Node* reader = output->uses()[i].node;
          is_inside =
              std::find(match_.nodes_.begin(), match_.nodes_.end(), reader) != match_.nodes_.end();
        }
        if (!is_inside) return fail(Miss::ReadOutside, {pattern_.root_, output, nullptr});
      }
    return true;
  }

  const Pattern& pattern_;
  Node& root_;
  Match match_;
  int steps_ = 0;
  size_t reached_ = 0;
  Miss miss_ = Miss::Operator;
  const Value* missed_ = nullptr;
  int missed_term_ = -1;
};

// ------------------------------------------------------------------------------------------- use

Value* Match::operator[](std::string_view name) const {
  const auto found = std::find(names_->begin(), names_->end(), name);
  return found == names_->end() ? nullptr : values_[static_cast<size_t>(found - names_->begin())];
}

Node& Match::replace(std::string_view op_type, const std::vector<Value*>& inputs,
                     std::string_view domain) {
  ACUATE_CHECK(!is_replaced_, "a match is replaced once");
  is_replaced_ = true;
  Node& root = *nodes_.front();
  std::vector<std::string> all;
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node)
    for (std::string& name : origins(**node))
      if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(std::move(name));
  root.set_op_type(op_type, domain);
  while (!root.attributes().empty()) root.remove_attribute(root.attributes().front().name);
  root.set_input_count(inputs.size());
  for (size_t slot = 0; slot < inputs.size(); ++slot) root.set_input(slot, inputs[slot]);
  set_origins(root, all);
  Graph& graph = root.graph();
  const std::span inner = std::span(nodes_).subspan(1);
  for (Node* node : inner) graph.remove_node(*node);
  for (Node* node : inner)
    for (Value* made : node->outputs())
      if (made != nullptr) graph.remove_value(*made);
  return root;
}

std::optional<std::string> match_pattern(std::span<const Pattern> forms, Node& node, Match& match) {
  std::string nearest;
  double nearest_share =
      0.5;  // more than half, or every Mul would be a near miss of Mul(x, Sigmoid(x))
  if (node.output() == nullptr || !node.domain().empty()) return "";
  for (const Pattern& form : forms) {
    if (!form.root().empty() && form.root() != node.op_type()) continue;
    PatternMatcher matcher(form, node);
    if (matcher.run()) {
      match = std::move(matcher.match());
      return std::nullopt;
    }
    const double share =
        static_cast<double>(matcher.reached()) / static_cast<double>(form.operator_count());
    if (share <= nearest_share) continue;
    nearest_share = share;
    nearest = matcher.reason();
  }
  return nearest;
}

Result<PassOutcome> rewrite_matches(
    Model& model, std::span<const Pattern> forms,
    const std::function<std::optional<std::string>(Match&)>& rewrite) {
  PassOutcome outcome;
  for (Graph* graph : model.all_graphs()) {
    if (graph->owner() == nullptr && graph != &model.graph()) continue;
    for (Node *node = graph->last(), *previous = nullptr; node != nullptr; node = previous) {
      Match match;
      auto reason = match_pattern(forms, *node, match);
      if (!reason) reason = rewrite(match);
      if (!reason) {
        ACUATE_CHECK(match.is_replaced(), "a rewritten match was replaced");
        ++outcome.applied;
      } else if (!reason->empty()) {
        outcome.misses.push_back({node->address(), std::move(*reason)});
      }
      previous = node->previous();
    }
  }
  return outcome;
}

std::optional<std::string> unlike(const Value& x, const Value& y) {
  if (y.type.element != ElementType::Float && y.type.element != ElementType::Float16)
    return "it computes in " + std::string(element_type_name(y.type.element)) +
           ", and is recognised in float32 and float16";
  if (x.type.element != y.type.element) return "its result has another type than its input";
  if (!rank_of(&x) || rank_of(&x) != rank_of(&y))
    return "its result is not known to have the rank of its input";
  return std::nullopt;
}

std::optional<std::string> lacks_opset(const Model& model, int64_t version,
                                       std::string_view op_type) {
  if (model.opset_version() >= version) return std::nullopt;
  return std::string(op_type) + " needs opset " + std::to_string(version) +
         ", but the model has opset " + std::to_string(model.opset_version()) +
         "; convert it first (edit command `set-opset " + std::to_string(version) + "`)";
}

}  // namespace acuate
