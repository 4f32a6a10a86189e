#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edit/script.h"

namespace acuate {

// A value as scripts write it: `3`, `1.5`, `text`, `"text"`, `[1, 2]`, `[[1, 2], [3, 4]]`, `["a",
// "b"]`.
struct Literal {
  enum class Kind { Int, Float, Text };
  struct Item {
    Kind kind = Kind::Int;
    int64_t integer = 0;
    double number = 0;  // of an Int, too
    std::string text;   // as written, without quotes
    bool quoted = false;
  };
  bool is_list = false;
  std::vector<int64_t> shape;  // of nested lists; empty for a single item
  std::vector<Item> items;     // row by row

  // Text if any is, else Float if any is, else Int (also for an empty list).
  Kind kind() const;
};

// Lists whose rows differ in length or depth, and unclosed ones, are errors.
Result<Literal> parse_literal(const Token& token);

// The items of a list as words of their own, lists in it whole: `[int64:[1, 2], x]` has two.
Result<std::vector<Token>> split_list(const Token& token);

// `int: 3` is two tokens, `int:3` a prefix: what stands before the first `:` if it is one of
// `prefixes`, taken off `token`; else empty.
std::string take_prefix(Token& token, const std::vector<std::string>& prefixes);

}  // namespace acuate
