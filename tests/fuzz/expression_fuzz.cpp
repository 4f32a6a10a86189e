// Any bytes as a calculation with dimensions: the expression that comes out has the value that
// plain integers give, its bounds hold, and its text reads back as the same.
#include <fmt/format.h>

#include "fuzz/fuzz_target.h"
#include "shape/expr.h"

namespace acuate {
namespace fuzz {
const char* const kSeedFolders[2] = {nullptr, nullptr};
const char* const kSeedExtension = "";
}  // namespace fuzz

namespace {

constexpr std::string_view kNames[] = {"a", "b", "c"};
constexpr int64_t kBindings[][3] = {{1, 1, 1}, {2, 3, 5}, {7, 4, 2}, {640, 480, 3}, {0, 1, 2}};
constexpr size_t kBindingCount = std::size(kBindings);
// Bytes that a run writes as texts of expressions before it ends.
constexpr size_t kMaxWritten = 1024;

struct Operand {
  Expr expr;
  std::optional<int64_t> values[kBindingCount];  // nothing: overflow or division by zero
};

std::optional<int64_t> divide(int64_t a, int64_t b, bool up) {
  if (b == 0 || (a == INT64_MIN && b == -1)) return std::nullopt;
  const int64_t quotient = a / b, rest = a % b;
  if (rest == 0) return quotient;
  return (rest < 0) == (b < 0) ? quotient + (up ? 1 : 0) : quotient - (up ? 0 : 1);
}

std::optional<int64_t> calculate(int operation, int64_t a, int64_t b) {
  int64_t out = 0;
  switch (operation) {
    case 0:
      return __builtin_add_overflow(a, b, &out) ? std::nullopt : std::optional(out);
    case 1:
      return __builtin_sub_overflow(a, b, &out) ? std::nullopt : std::optional(out);
    case 2:
      return __builtin_mul_overflow(a, b, &out) ? std::nullopt : std::optional(out);
    case 3:
      return divide(a, b, false);
    case 4:
      return divide(a, b, true);
    case 5: {
      const auto quotient = divide(a, b, false);
      return quotient ? std::optional(a - *quotient * b) : std::nullopt;
    }
    case 6:
      return std::min(a, b);
    default:
      return std::max(a, b);
  }
}

Expr calculate(int operation, Expr a, Expr b) {
  switch (operation) {
    case 0:
      return a + b;
    case 1:
      return a - b;
    case 2:
      return a * b;
    case 3:
      return floor_div(a, b);
    case 4:
      return ceil_div(a, b);
    case 5:
      return mod(a, b);
    case 6:
      return min(a, b);
    default:
      return max(a, b);
  }
}

void check(const Operand& operand) {
  if (operand.expr.is_unknown()) return;
  const std::string text = operand.expr.text();
  // A dimension is never known to be negative: such a text is a name.
  if (operand.expr.lower_bound().value_or(0) >= 0) {
    ExprPool other;
    const Expr read = other.parse(text);
    fuzz::require(read.text() == text && read.is_symbol() == operand.expr.is_symbol(),
                  "the text reads as another expression", text + " → " + read.text());
  }
  for (size_t i = 0; i < kBindingCount; ++i) {
    const auto found = operand.expr.evaluate([&](std::string_view name) -> std::optional<int64_t> {
      for (size_t k = 0; k < std::size(kNames); ++k)
        if (name == kNames[k]) return kBindings[i][k];
      return std::nullopt;
    });
    if (!found || !operand.values[i]) continue;
    const auto describe = [&] {
      return fmt::format("{} = {} where a, b, c = {}, {}, {}; expected {}", text, *found,
                         kBindings[i][0], kBindings[i][1], kBindings[i][2], *operand.values[i]);
    };
    fuzz::require(*found == *operand.values[i], "another value", describe());
    const auto low = operand.expr.lower_bound(), high = operand.expr.upper_bound();
    fuzz::require(!low || *low <= *found, "below its lower bound", describe());
    fuzz::require(!high || *high >= *found, "above its upper bound", describe());
  }
}

// A small stack machine: push a number or a name, or join the two on top.
void run(const uint8_t* data, size_t size) {
  ExprPool pool;
  std::vector<Operand> stack;
  size_t written = 0;
  for (size_t i = 0; i < std::min<size_t>(size, 64) && written < kMaxWritten; ++i) {
    const uint8_t byte = data[i];
    if (byte < 0x80 || stack.size() < 2) {
      Operand operand;
      const bool is_name = byte % 2 == 1;
      const size_t which = (byte / 2) % 3;
      const int64_t number = static_cast<int64_t>(byte / 2 % 32) - 4;
      operand.expr = is_name ? pool.symbol(kNames[which]) : Expr(number);
      for (size_t k = 0; k < kBindingCount; ++k)
        operand.values[k] = is_name ? kBindings[k][which] : number;
      stack.push_back(operand);
      continue;
    }
    const Operand b = stack.back();
    stack.pop_back();
    const Operand a = stack.back();
    stack.pop_back();
    const int operation = byte % 8;
    // The contract: what divides is positive.
    if (operation >= 3 && operation <= 5 && !b.expr.is_number() &&
        b.expr.lower_bound().value_or(0) < 1)
      for (size_t k = 0; k < kBindingCount; ++k)
        if (b.values[k].value_or(0) < 1) return;
    Operand joined;
    joined.expr = calculate(operation, a.expr, b.expr);
    for (size_t k = 0; k < kBindingCount; ++k)
      if (a.values[k] && b.values[k])
        joined.values[k] = calculate(operation, *a.values[k], *b.values[k]);
    check(joined);
    written += joined.expr.text().size();
    if (const auto equal = same(a.expr, b.expr))
      for (size_t k = 0; k < kBindingCount; ++k)
        if (a.values[k] && b.values[k])
          fuzz::require((*a.values[k] == *b.values[k]) == *equal, "same() is wrong",
                        a.expr.text() + " and " + b.expr.text());
    if (const auto smaller = less(a.expr, b.expr))
      for (size_t k = 0; k < kBindingCount; ++k)
        if (a.values[k] && b.values[k])
          fuzz::require((*a.values[k] < *b.values[k]) == *smaller, "less() is wrong",
                        a.expr.text() + " and " + b.expr.text());
    stack.push_back(joined);
  }
  // The same bytes as a text.
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Expr parsed = pool.parse(text);
  if (!parsed.is_unknown()) {
    ExprPool other;
    const Expr read = other.parse(parsed.text());
    fuzz::require(read.text() == parsed.text(), "the text does not read back",
                  parsed.text() + " → " + read.text());
  }
}

}  // namespace
}  // namespace acuate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  acuate::run(data, size);
  return 0;
}
