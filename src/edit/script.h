#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace acuate {

// One word of a command. `quoted` tells `"1"` (a text) from `1` where a command cares.
struct Token {
  std::string text;
  bool quoted = false;
  size_t column = 0;  // of its first character, from 1; 0 for one that stands in no script

  bool operator==(const Token& other) const { return text == other.text && quoted == other.quoted; }
};

struct ScriptLine {
  size_t line = 0;  // from 1
  size_t column = 0;
  std::string command;  // as written: `set-shape`
  std::vector<Token> arguments;
};

struct Script {
  std::string name;  // of the file, for messages; may be empty
  std::vector<ScriptLine> lines;
};

// The language of edit scripts: one command a line, words separated by spaces or tabs. A word that
// begins with `"` ends at the next `"` and holds JSON escapes; every other ends at a space, where a
// list from `[` to its `]` is one with it and so is a text right behind `:` or `=`, all as written:
// `pads=[1, 1]`, `strings:["a b"]`, `mode="a b"`. `#` at the start of a word begins a comment.
// Bytes above 127 stand for themselves, so that every name can be written. Errors name line and
// column.
Result<Script> parse_script(std::string_view text, std::string_view name = {});

// The command as one line without its end, words quoted where they need it: what parse_script reads
// back as the same.
std::string format_command(std::string_view command, std::span<const Token> arguments);
std::string format_command(std::string_view command, std::span<const std::string> arguments);

// The text in quotes, whatever it holds, as parse_script reads it back.
std::string quoted_word(std::string_view text);

// `edits.acu:3:7`, or `line 3, column 7` for a script without a name.
std::string script_position(const Script& script, size_t line, size_t column);

}  // namespace acuate
