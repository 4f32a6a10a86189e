// Names of dimensions as they stand in models, read as expressions where they are such. Exporters
// write `2*h`, `(s0 + 15)//16` (torch.export) and `floor(h/2 - 1/2) + 1` (ONNX Runtime's symbolic
// inference); what this reads it also writes.
#include <cctype>

#include "shape/expr_node.h"

namespace acuate {
namespace {

bool starts_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool continues_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.';
}

bool is_plain_name(std::string_view text) {
  if (text.empty() || !starts_name(text[0])) return false;
  for (const char c : text)
    if (!continues_name(c)) return false;
  return true;
}

std::string quoted(std::string_view name) {
  std::string out = "'";
  for (const char c : name) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// What floor and ceil are taken of: numerator / denominator.
struct Ratio {
  Expr numerator;
  int64_t denominator = 1;
};

class Parser {
 public:
  Parser(ExprPool& pool, std::string_view text) : pool_(pool), text_(text) {}

  std::optional<Expr> parse() {
    const auto ratio = sum(0);
    skip_spaces();
    if (!ratio || position_ != text_.size() || ratio->denominator != 1 ||
        ratio->numerator.is_unknown())
      return std::nullopt;
    return ratio->numerator;
  }

 private:
  void skip_spaces() {
    while (position_ < text_.size() && text_[position_] == ' ') ++position_;
  }
  bool take(std::string_view token) {
    skip_spaces();
    if (text_.substr(position_, token.size()) != token) return false;
    position_ += token.size();
    return true;
  }

  std::optional<Ratio> sum(int depth) {
    if (depth > kMaxExprDepth) return std::nullopt;
    const bool negative = take("-");
    auto left = product(depth);
    if (!left) return left;
    if (negative) left->numerator = -left->numerator;
    while (true) {
      const bool minus = take("-");
      if (!minus && !take("+")) return left;
      const auto right = product(depth);
      if (!right) return right;
      const Expr a = left->numerator * right->denominator, b = right->numerator * left->denominator;
      left->numerator = minus ? a - b : a + b;
      if (__builtin_mul_overflow(left->denominator, right->denominator, &left->denominator))
        return std::nullopt;
    }
  }

  std::optional<Ratio> product(int depth) {
    auto left = primary(depth);
    while (left) {
      if (take("//") || take("%")) {
        const bool rest = text_[position_ - 1] == '%';
        const auto right = primary(depth);
        if (!right || left->denominator != 1 || right->denominator != 1) return std::nullopt;
        left->numerator = rest ? mod(left->numerator, right->numerator)
                               : floor_div(left->numerator, right->numerator);
      } else if (take("*")) {
        const auto right = primary(depth);
        if (!right) return right;
        left->numerator = left->numerator * right->numerator;
        if (__builtin_mul_overflow(left->denominator, right->denominator, &left->denominator))
          return std::nullopt;
      } else if (take("/")) {
        const auto right = primary(depth);
        const auto divisor = right ? right->numerator.as_number() : std::nullopt;
        if (!divisor || *divisor <= 0 || right->denominator != 1 ||
            __builtin_mul_overflow(left->denominator, *divisor, &left->denominator))
          return std::nullopt;
      } else {
        break;
      }
    }
    return left;
  }

  std::optional<Ratio> call(std::string_view function, int depth) {
    std::vector<Ratio> args;
    do {
      const auto arg = sum(depth + 1);
      if (!arg) return arg;
      args.push_back(*arg);
    } while (take(","));
    if (!take(")")) return std::nullopt;
    if (args.size() == 1 && (function == "floor" || function == "ceil" || function == "ceiling")) {
      const Expr& numerator = args[0].numerator;
      return Ratio{function == "floor" ? floor_div(numerator, args[0].denominator)
                                       : ceil_div(numerator, args[0].denominator)};
    }
    Ratio out{args[0].numerator};
    for (size_t i = 0; i < args.size(); ++i) {
      if (args[i].denominator != 1) return std::nullopt;
      if (i == 0) continue;
      if (function == "min" || function == "Min")
        out.numerator = min(out.numerator, args[i].numerator);
      else if (function == "max" || function == "Max")
        out.numerator = max(out.numerator, args[i].numerator);
      else if (function == "broadcast")
        out.numerator = broadcast(out.numerator, args[i].numerator);
      else
        return std::nullopt;
    }
    return args.size() > 1 ? std::optional(out) : std::nullopt;
  }

  std::optional<std::string> quoted_name() {
    std::string name;
    for (++position_; position_ < text_.size() && text_[position_] != '\''; ++position_) {
      if (text_[position_] == '\\' && ++position_ == text_.size()) return std::nullopt;
      name += text_[position_];
    }
    if (position_ == text_.size()) return std::nullopt;
    ++position_;
    return name;
  }

  std::optional<int64_t> number() {
    const size_t start = position_;
    int64_t value = 0;
    for (; position_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[position_]));
         ++position_)
      if (__builtin_mul_overflow(value, int64_t{10}, &value) ||
          __builtin_add_overflow(value, int64_t{text_[position_] - '0'}, &value))
        return std::nullopt;
    if (position_ == start) return std::nullopt;
    return value;
  }

  std::optional<Ratio> primary(int depth) {
    skip_spaces();
    if (position_ >= text_.size()) return std::nullopt;
    const char c = text_[position_];
    if (std::isdigit(static_cast<unsigned char>(c))) {
      const auto value = number();
      return value ? std::optional(Ratio{*value}) : std::nullopt;
    }
    if (c == '(') {
      ++position_;
      auto inner = sum(depth + 1);
      return inner && take(")") ? inner : std::nullopt;
    }
    if (c == '\'') {
      const auto name = quoted_name();
      return name ? std::optional(Ratio{pool_.symbol(*name)}) : std::nullopt;
    }
    if (c == '?' && position_ + 1 < text_.size() && text_[position_ + 1] == '\'') {
      ++position_;
      const auto tensor = quoted_name();
      if (!tensor) return std::nullopt;
      const bool is_data = take("#");
      if (!is_data && !take(".")) return std::nullopt;
      const auto index = number();
      return index ? std::optional(
                         Ratio{pool_.anonymous(*tensor, static_cast<size_t>(*index), is_data)})
                   : std::nullopt;
    }
    if (!starts_name(c)) return std::nullopt;
    const size_t start = position_;
    while (position_ < text_.size() && continues_name(text_[position_])) ++position_;
    const std::string_view name = text_.substr(start, position_ - start);
    if (position_ < text_.size() && text_[position_] == '(') {
      ++position_;
      return call(name, depth);
    }
    return Ratio{pool_.symbol(name)};
  }

  ExprPool& pool_;
  std::string_view text_;
  size_t position_ = 0;
};

}  // namespace

Expr ExprPool::symbol(std::string_view name) {
  ExprNode node;
  node.kind = ExprNode::Kind::Symbol;
  node.name = name;
  node.text = is_plain_name(name) ? std::string(name) : quoted(name);
  node.lower = 0;
  return intern(std::move(node));
}

Expr ExprPool::anonymous(std::string_view tensor, size_t index, bool is_data) {
  ExprNode node;
  node.kind = ExprNode::Kind::Symbol;
  node.text = "?" + quoted(tensor) + (is_data ? "#" : ".") + std::to_string(index);
  node.anonymous = true;
  if (!is_data) node.lower = 0;
  return intern(std::move(node));
}

Expr ExprPool::parse(std::string_view text) {
  if (text.empty()) return Expr::unknown();
  if (is_plain_name(text)) return symbol(text);
  std::optional<Expr> expr;
  if (const auto known = nodes_.find(text); known != nodes_.end())
    expr = Expr(*known->second);
  else if (text.size() <= kMaxExprText)
    expr = Parser(*this, text).parse();
  if (expr && expr->lower_bound().value_or(0) >= 0) return *expr;
  return symbol(text);
}

}  // namespace acuate
