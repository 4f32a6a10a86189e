#pragma once

#include <string>
#include <vector>

#include "shape/expr.h"

namespace acuate {

// What is longer, or nests parentheses deeper, is neither written nor read.
constexpr size_t kMaxExprText = 4096;
constexpr int kMaxExprDepth = 100;

// coefficient · atom · atom · …; no atom: the constant term.
struct Monomial {
  int64_t coefficient = 0;
  std::vector<const ExprNode*> atoms;  // sorted by text; a power stands repeated
};

// What an Expr that is no number points to. A Sum has more than one monomial, or one that is not a
// bare atom; everything else is an atom of sums.
struct ExprNode {
  enum class Kind { Unknown, Symbol, FloorDiv, Min, Max, Broadcast, Sum };
  Kind kind = Kind::Unknown;
  std::string text;  // identity within the pool
  std::string name;  // of a symbol, as it was given
  int depth = 0;     // how deep parentheses nest in the text
  ExprPool* pool = nullptr;
  std::vector<Expr> args;       // of all but Symbol and Sum
  std::vector<Monomial> terms;  // of a Sum, by atoms; the constant last
  bool anonymous = false;       // holds a symbol that only the engine knows
  mutable std::optional<int64_t> lower;
  std::optional<int64_t> upper;
  mutable bool is_relaxed = false;  // a lower bound was looked for behind its floors

  static const ExprNode* of(Expr expr) { return expr.node_; }
  static Expr handle(const ExprNode* node) { return Expr(*node); }
  static Expr intern(ExprPool& pool, ExprNode&& node);
};

inline constexpr size_t kMaxTerms = 64;

inline bool checked_add(int64_t a, int64_t b, int64_t& out) {
  return !__builtin_add_overflow(a, b, &out);
}
inline bool checked_multiply(int64_t a, int64_t b, int64_t& out) {
  return !__builtin_mul_overflow(a, b, &out);
}
inline int64_t floor_divide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}
inline bool text_less(const ExprNode* a, const ExprNode* b) { return a->text < b->text; }

// The terms of any expression: a number is one constant term (none for 0), an atom one bare term.
std::vector<Monomial> terms_of(Expr expr);
// The canonical expression of terms in any order. The pool may be null where all are constant.
Expr sum_of(ExprPool* pool, std::vector<Monomial> terms);
ExprPool* pool_of(Expr a, Expr b);
// A bound whose sign alone means something, where floors, minima and maxima are looked through.
std::optional<int64_t> relaxed_bound(Expr expr, bool upper);

}  // namespace acuate
