#include "edit/script.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"

namespace acuate {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

void append_utf8(std::string& out, uint32_t code) {
  const auto byte = [&](uint32_t b) { out += static_cast<char>(b); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

// A failure at a place of the line, still without the script's name.
struct LineError {
  size_t at = 0;
  std::string message;
};

class LineParser {
 public:
  explicit LineParser(std::string_view line) : line_(line) {}

  // False at the end of the line, at a comment, and on failure.
  bool next(Token& token) {
    while (at_ < line_.size() && is_space(line_[at_])) ++at_;
    if (at_ == line_.size() || line_[at_] == '#') return false;
    token = Token{{}, line_[at_] == '"', at_ + 1};
    const bool read = line_[at_] == '"'   ? read_quoted(token.text)
                      : line_[at_] == '[' ? read_list(token.text)
                                          : read_bare(token.text);
    if (!read) return false;
    if (at_ < line_.size() && !is_space(line_[at_]))
      return stop(at_, fmt::format("found '{}' right after the end of a word; expected a space",
                                   to_valid_utf8(line_.substr(at_, 1))));
    return true;
  }

  const std::optional<LineError>& error() const { return error_; }

 private:
  bool stop(size_t at, std::string message) {
    error_ = LineError{at, std::move(message)};
    return false;
  }

  // A list belongs to its word, spaces included, and so does a text right behind `:` or `=`.
  bool read_bare(std::string& text) {
    const size_t begin = at_;
    bool read = true;
    std::string ignored;
    while (read && at_ < line_.size() && !is_space(line_[at_])) {
      const char before = at_ > begin ? line_[at_ - 1] : ' ';
      if (line_[at_] == '[')
        read = read_list(ignored);
      else if (line_[at_] == '"' && (before == ':' || before == '='))
        read = read_quoted(ignored);
      else
        ++at_;
    }
    text = line_.substr(begin, at_ - begin);
    return read;
  }

  bool read_quoted(std::string& text) {
    const size_t begin = at_++;
    while (at_ < line_.size() && line_[at_] != '"') {
      if (line_[at_] != '\\') {
        text += line_[at_++];
      } else if (!read_escape(text)) {
        return false;
      }
    }
    if (at_ == line_.size()) return stop(begin, "found no closing '\"' on this line; expected one");
    ++at_;
    return true;
  }

  // Up to the bracket that closes; texts inside are skipped, so that they may hold brackets.
  bool read_list(std::string& text) {
    const size_t begin = at_;
    for (size_t depth = 0; at_ < line_.size();) {
      if (line_[at_] == '"') {
        std::string ignored;
        if (!read_quoted(ignored)) return false;
        continue;
      }
      if (line_[at_] == '[') ++depth;
      if (line_[at_++] == ']' && --depth == 0) {
        text = line_.substr(begin, at_ - begin);
        return true;
      }
    }
    return stop(begin, "found no closing ']' on this line; expected one, or quotes around a name");
  }

  bool read_escape(std::string& text) {
    const size_t begin = at_++;
    const char kind = at_ < line_.size() ? line_[at_++] : '\0';
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (const size_t letter = kLetters.find(kind); letter != std::string_view::npos) {
      text += kMeanings[letter];
      return true;
    }
    uint32_t code = 0;
    if (kind != 'u' || !read_hex(code))
      return stop(begin, fmt::format("found the escape '{}'; expected one of JSON: \\\" \\\\ \\/ "
                                     "\\b \\f \\n \\r \\t \\uXXXX",
                                     to_valid_utf8(line_.substr(begin, at_ - begin))));
    if (code >= 0xD800 && code < 0xE000) {
      uint32_t low = 0;
      const bool pair = code < 0xDC00 && line_.substr(at_, 2) == "\\u" && (at_ += 2, read_hex(low));
      if (!pair || low < 0xDC00 || low > 0xDFFF)
        return stop(begin, "found half of a surrogate pair; expected two \\uXXXX");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(text, code);
    return true;
  }

  bool read_hex(uint32_t& code) {
    for (int digit = 0; digit < 4; ++digit, ++at_) {
      const char c = at_ < line_.size() ? line_[at_] : '\0';
      constexpr std::string_view kDigits = "0123456789abcdef0123456789ABCDEF";
      const size_t place = c == '\0' ? std::string_view::npos : kDigits.find(c);
      if (place == std::string_view::npos) return false;
      code = code * 16 + static_cast<uint32_t>(place % 16);
    }
    return true;
  }

  std::string_view line_;
  size_t at_ = 0;
  std::optional<LineError> error_;
};

std::string written(std::string_view text) {
  LineParser parser(text);
  Token token, more;
  const bool same = parser.next(token) && !token.quoted && token.text == text && !parser.next(more);
  const bool one_line = text.find_first_of("\n\r") == std::string_view::npos;
  return same && one_line && !parser.error() ? std::string(text) : quoted_word(text);
}

}  // namespace

// As json_quote, but bytes above 127 stay: a name that is not UTF-8 must come back as it is.
std::string quoted_word(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += std::string{'\\', c};
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    else
      out += c;
  }
  return out + "\"";
}

std::string script_position(const Script& script, size_t line, size_t column) {
  if (script.name.empty()) return fmt::format("line {}, column {}", line, column);
  return fmt::format("{}:{}:{}", script.name, line, column);
}

Result<Script> parse_script(std::string_view text, std::string_view name) {
  Script script;
  script.name = name;
  for (size_t number = 1, begin = 0; begin <= text.size(); ++number) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    LineParser parser(text.substr(begin, end - begin));
    begin = end + 1;
    ScriptLine line;
    line.line = number;
    for (Token token; parser.next(token);) {
      if (line.column != 0) {
        line.arguments.push_back(std::move(token));
        continue;
      }
      line.column = token.column;
      line.command = token.text;
    }
    if (const auto& error = parser.error())
      return fail("{}: {}", script_position(script, number, error->at + 1), error->message);
    if (line.column != 0) script.lines.push_back(std::move(line));
  }
  return script;
}

std::string format_command(std::string_view command, std::span<const Token> arguments) {
  std::string out = written(command);
  for (const Token& argument : arguments)
    out += " " + (argument.quoted ? quoted_word(argument.text) : written(argument.text));
  return out;
}

std::string format_command(std::string_view command, std::span<const std::string> arguments) {
  std::string out = written(command);
  for (const std::string& argument : arguments) out += " " + written(argument);
  return out;
}

}  // namespace acuate
