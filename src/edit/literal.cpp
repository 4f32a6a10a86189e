#include "edit/literal.h"

#include <algorithm>

#include "base/text.h"

namespace acuate {
namespace {

Literal::Item make_item(std::string text, bool quoted) {
  Literal::Item item{Literal::Kind::Text, 0, 0, std::move(text), quoted};
  if (quoted) return item;
  if (const auto integer = parse_int(item.text)) {
    item.kind = Literal::Kind::Int;
    item.integer = *integer;
    item.number = static_cast<double>(*integer);
  } else if (const auto number = parse_double(item.text)) {
    item.kind = Literal::Kind::Float;
    item.number = *number;
  }
  return item;
}

class ListParser {
 public:
  explicit ListParser(std::string_view text) : text_(text) {}

  Result<Literal> run() {
    literal_.is_list = true;
    if (auto read = read_list(0); !read) return read.error();
    skip_space();
    if (at_ != text_.size()) return fail("found more after the list's ']'");
    return std::move(literal_);
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  Result<void> read_list(size_t depth) {
    if (depth == kMaxDepth) return fail("the list is nested more than {} deep", kMaxDepth);
    const bool first = depth == literal_.shape.size();
    if (first && !literal_.items.empty()) return fail("found a list beside single items");
    if (first) literal_.shape.push_back(-1);
    ++at_;
    int64_t length = 0;
    for (skip_space(); peek() != ']'; ++length) {
      if (length > 0 && peek() != ',') return fail("found no ',' between two items of the list");
      if (length > 0) ++at_;
      skip_space();
      auto read = peek() == '[' ? read_list(depth + 1) : read_item(depth);
      if (!read) return read;
      skip_space();
    }
    ++at_;
    int64_t& expected = literal_.shape[depth];
    if (expected >= 0 && expected != length)
      return fail("found rows of {} and of {} items; expected the same everywhere", expected,
                  length);
    expected = length;
    return {};
  }

  Result<void> read_item(size_t depth) {
    if (depth + 1 != literal_.shape.size()) return fail("found a single item beside a list");
    if (peek() == '"') return read_text();
    const size_t end = std::min(text_.find_first_of(",[] \t", at_), text_.size());
    if (end == at_) return fail("found an empty item in the list");
    literal_.items.push_back(make_item(std::string(text_.substr(at_, end - at_)), false));
    at_ = end;
    return {};
  }

  // A script of one word reads the escapes.
  Result<void> read_text() {
    size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    auto script = parse_script(text_.substr(at_, end + 1 - at_));
    if (!script) return fail("found a text in the list that does not end");
    literal_.items.push_back(make_item(script->lines.at(0).command, true));
    at_ = end + 1;
    return {};
  }

  static constexpr size_t kMaxDepth = 16;
  std::string_view text_;
  size_t at_ = 0;
  Literal literal_;
};

}  // namespace

Literal::Kind Literal::kind() const {
  Kind widest = Kind::Int;
  for (const Item& item : items) widest = std::max(widest, item.kind);
  return widest;
}

Result<Literal> parse_literal(const Token& token) {
  if (!token.quoted && token.text.starts_with('[')) return ListParser(token.text).run();
  Literal literal;
  literal.items.push_back(make_item(token.text, token.quoted));
  return literal;
}

Result<std::vector<Token>> split_list(const Token& token) {
  const std::string_view text = token.text;
  if (token.quoted || !text.starts_with('[') || !text.ends_with(']'))
    return fail("found '{}'; expected a list in brackets", to_valid_utf8(text));
  std::vector<Token> items;
  size_t begin = 1, depth = 0;
  bool quoted = false;
  for (size_t at = 1; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted && c == '\\') ++at;
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    const bool ends = at + 1 == text.size() || (c == ',' && depth == 0);
    if (!ends) depth += (c == '[' || c == '(') ? 1 : (c == ']' || c == ')') && depth > 0 ? -1 : 0;
    if (!ends) continue;
    const std::string_view word = trim(text.substr(begin, at - begin));
    if (word.empty() && items.empty() && at + 1 == text.size()) break;
    if (word.empty()) return fail("found an empty item in the list");
    items.push_back({std::string(word), false, token.column});
    begin = at + 1;
  }
  return items;
}

std::string take_prefix(Token& token, const std::vector<std::string>& prefixes) {
  const size_t colon = token.text.find(':');
  if (token.quoted || colon == std::string::npos) return {};
  std::string prefix = token.text.substr(0, colon);
  if (std::find(prefixes.begin(), prefixes.end(), prefix) == prefixes.end()) return {};
  token.text.erase(0, colon + 1);
  if (token.text.starts_with('"') && token.text.size() >= 2) {
    if (auto script = parse_script(token.text); script && script->lines.size() == 1) {
      token.text = script->lines[0].command;
      token.quoted = true;
    }
  }
  return prefix;
}

}  // namespace acuate
