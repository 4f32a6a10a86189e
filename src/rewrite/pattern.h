#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rewrite/pass.h"

namespace acuate {

// A piece of a graph, written as the expression that its last node computes:
//
//   "Mul(Mul(x, Add(Erf(Div(x, 1.4142135)), 1)), 0.5)"
//
//   Op(a, b)       made by this operator of the standard domain with exactly these inputs; those of
//                  Add, Mul, Max, Min, And, Or, Xor, Equal in either order; Op(a, ...) has any more
//   x              any value, and the same one wherever the name stands
//   #x             any constant of one element
//   d=Sub(x, y)    names what is made here; `d` then stands for it
//   3, -0.5, inf   a constant of one element, equal up to the precision that exporters print
//                  (1e-5 relative) and that its type has
//   Cast?(a)       a node of one input that may be missing
//   (a | b)        either, the first that matches
//
// Matching backtracks, so that the order of alternatives and operands never hides a match; its cost
// is bounded by the pattern, not by the graph. A malformed text is our bug (ACUATE_CHECK).
class Pattern {
 public:
  explicit Pattern(std::string_view text);

  size_t operator_count() const;  // of the shortest way through the pattern
  std::string_view root() const;  // operator of the last node; empty where there are several

 private:
  friend class PatternMatcher;
  enum class Kind { Any, Scalar, Number, Operator, Optional, Either };
  struct Term {
    Kind kind = Kind::Any;
    std::string op;             // Operator, Optional
    double number = 0;          // Number
    int name = -1;              // index into names_
    bool is_open = false;       // Operator: further inputs may follow
    std::vector<int> operands;  // indices into terms_
  };
  class Parser;
  std::vector<Term> terms_;
  std::vector<std::string> names_;
  int root_ = -1;
};

// Where a pattern was found.
class Match {
 public:
  // What stands under a name of the pattern; null where the form or alternative that matched has no
  // such name.
  Value* operator[](std::string_view name) const;
  Node* root() const { return nodes_.front(); }
  const std::vector<Node*>& nodes() const { return nodes_; }  // the root first, each once

  // Makes the root one operator that stands for all matched nodes, whose origins it keeps; it has
  // no attributes then. The other nodes go.
  Node& replace(std::string_view op_type, const std::vector<Value*>& inputs,
                std::string_view domain = "");
  bool is_replaced() const { return is_replaced_; }

 private:
  friend class PatternMatcher;
  const std::vector<std::string>* names_ = nullptr;
  std::vector<Value*> values_;
  std::vector<Node*> nodes_;
  bool is_replaced_ = false;
};

// Looks for the first of `forms` that ends at `node`. All nodes stand in one graph, and what the
// inner ones make is read by matched nodes alone. Nothing where it matched; the nearest miss where
// more than half of a form's operators were there; an empty text otherwise.
std::optional<std::string> match_pattern(std::span<const Pattern> forms, Node& node, Match& match);

// Tries the forms on every node from last to first, so that the longest form wins. `rewrite` ends
// in Match::replace() and returns nothing, or the reason why it left the match alone.
Result<PassOutcome> rewrite_matches(
    Model& model, std::span<const Pattern> forms,
    const std::function<std::optional<std::string>(Match&)>& rewrite);

// The reason where `y`, which one operator shall compute from `x`, is neither float32 nor float16,
// or has another type or rank than `x`.
std::optional<std::string> unlike(const Value& x, const Value& y);

// The reason where the model's opset lacks the operator; nothing where it has it.
std::optional<std::string> lacks_opset(const Model& model, int64_t version,
                                       std::string_view op_type);

}  // namespace acuate
