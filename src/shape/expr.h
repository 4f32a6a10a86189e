#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace acuate {

class ExprPool;
struct ExprNode;

// An integer that may depend on named dimensions: `3`, `batch`, `2*h*w`, `(h + 1)//2`. A small
// handle; what it points to lives in an ExprPool and is canonical, so that two expressions are `==`
// exactly where they are written alike, which makes them equal for all values of the names. The
// reverse does not hold: see same() for what can be decided. Dimensions are taken to be ≥ 0.
//
// Arithmetic that overflows 64 bits, or an expression that grows beyond bounds (64 terms, degree
// 16), is `unknown`, which equals nothing, itself included.
class Expr {
 public:
  Expr() = default;
  Expr(int64_t number) : number_(number) {}
  static Expr unknown();

  bool is_unknown() const;
  bool is_number() const { return node_ == nullptr; }
  bool is_number(int64_t value) const { return node_ == nullptr && number_ == value; }
  std::optional<int64_t> as_number() const;
  // A name of its own, or one that only the engine gave (a dimension that depends on data).
  bool is_symbol() const;
  // Contains a symbol that only the engine knows, or is unknown.
  bool is_anonymous() const;

  // Canonical, and what ExprPool::parse reads back as the same expression; `?` when unknown.
  std::string text() const;
  // What holds for all values of the names (dimensions being ≥ 0); nothing: no such bound is known.
  std::optional<int64_t> lower_bound() const;
  std::optional<int64_t> upper_bound() const;
  // The value where every name has one; nothing where one has none, or on overflow or division by
  // 0.
  using Binding = std::function<std::optional<int64_t>(std::string_view name)>;
  std::optional<int64_t> evaluate(const Binding& binding) const;
  // The texts of the symbols in it, each once, sorted.
  std::vector<std::string> symbols() const;

  bool operator==(const Expr& other) const {
    return node_ == other.node_ && number_ == other.number_ && !is_unknown();
  }

 private:
  friend class ExprPool;
  friend struct ExprNode;
  explicit Expr(const ExprNode& node) : node_(&node) {}
  int64_t number_ = 0;
  const ExprNode* node_ = nullptr;
};

Expr operator+(Expr a, Expr b);
Expr operator-(Expr a, Expr b);
Expr operator*(Expr a, Expr b);
Expr operator-(Expr a);
// ⌊a / b⌋; where b divides a as a polynomial the quotient, so it also serves as exact division.
// Unknown for b = 0. A b with names in it is taken to be > 0.
Expr floor_div(Expr a, Expr b);
// Where b divides a as a polynomial; of any sign.
std::optional<Expr> exact_quotient(Expr a, Expr b);
Expr ceil_div(Expr a, Expr b);
Expr mod(Expr a, Expr b);  // a − b·⌊a / b⌋, the sign of b
Expr min(Expr a, Expr b);
Expr max(Expr a, Expr b);
// The dimension of two that broadcast against each other: b where a is 1, a where b is 1 or they
// are equal. Two different numbers other than 1 give unknown.
Expr broadcast(Expr a, Expr b);

// Nothing where it depends on the names or cannot be decided.
std::optional<bool> same(Expr a, Expr b);
std::optional<bool> less(Expr a, Expr b);

inline bool is_true(std::optional<bool> decided) { return decided.value_or(false); }
inline bool is_false(std::optional<bool> decided) { return decided.has_value() && !*decided; }

// Owns expressions. Grows with the number of different expressions; not thread-safe.
class ExprPool {
 public:
  ExprPool();
  ~ExprPool();
  ExprPool(const ExprPool&) = delete;
  ExprPool& operator=(const ExprPool&) = delete;

  // A dimension's name (dim_param). A text in the grammar of Expr::text — also `floor(a/b)`,
  // `ceil(a/b)`, as exporters write them — is the expression, every other a symbol of that name.
  Expr parse(std::string_view text);
  Expr symbol(std::string_view name);
  // Stands for dimension (or, with `is_data`, element, which may be negative) `index` of a tensor
  // that nothing better is known of. The same arguments give the same symbol.
  Expr anonymous(std::string_view tensor, size_t index, bool is_data = false);

 private:
  friend struct ExprNode;
  friend class Expr;
  friend std::optional<int64_t> relaxed_bound(Expr expr, bool upper);
  bool is_relaxing_ = false;  // what is made on the way to a bound looks for none itself
  Expr intern(ExprNode&& node);
  std::unordered_map<std::string_view, std::unique_ptr<ExprNode>> nodes_;  // by text
};

}  // namespace acuate
