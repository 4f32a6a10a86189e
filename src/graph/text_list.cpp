#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "graph/module_tree.h"

namespace acuate {
namespace {

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

class TextListParser {
 public:
  explicit TextListParser(std::string_view text) : text_(trim(text)) {}

  std::optional<std::vector<std::string>> run() {
    if (text_.size() < 2 || text_.front() != '[' || text_.back() != ']') return std::nullopt;
    text_ = trim(text_.substr(1, text_.size() - 2));
    std::vector<std::string> items;
    while (at_ < text_.size()) {
      if (!quoted(items.emplace_back())) return std::nullopt;
      skip_spaces();
      if (at_ == text_.size()) break;
      if (text_[at_++] != ',') return std::nullopt;
      skip_spaces();
      if (at_ == text_.size()) return std::nullopt;
    }
    return items;
  }

 private:
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }

  bool quoted(std::string& out) {
    const char quote = text_[at_++];
    if (quote != '\'' && quote != '"') return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == quote) return true;
      if (c != '\\')
        out += c;
      else if (!escaped(out))
        return false;
    }
    return false;
  }

  bool escaped(std::string& out) {
    if (at_ == text_.size()) return false;
    const char c = text_[at_++];
    constexpr std::string_view kFrom = "\\'\"/nrtbf", kTo = "\\'\"/\n\r\t\b\f";
    if (const size_t i = kFrom.find(c); i != kFrom.npos) {
      out += kTo[i];
      return true;
    }
    const auto code = hex(c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0);
    if (!code || *code > 0x10FFFF) return false;
    uint32_t point = *code;
    // JSON writes what lies beyond 16 bits as two halves.
    if (point >= 0xD800 && point < 0xDC00 && text_.substr(at_, 2) == "\\u") {
      at_ += 2;
      const auto low = hex(4);
      if (!low || *low < 0xDC00 || *low > 0xDFFF) return false;
      point = 0x10000 + ((point - 0xD800) << 10) + (*low - 0xDC00);
    }
    append_utf8(out, point);
    return true;
  }

  std::optional<uint32_t> hex(size_t digits) {
    if (digits == 0 || at_ + digits > text_.size()) return std::nullopt;
    uint32_t code = 0;
    for (size_t i = 0; i < digits; ++i) {
      constexpr std::string_view kDigits = "0123456789abcdef0123456789ABCDEF";
      const size_t digit = kDigits.find(text_[at_++]);
      if (digit == kDigits.npos) return std::nullopt;
      code = code << 4 | static_cast<uint32_t>(digit % 16);
    }
    return code;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<std::string>> parse_text_list(std::string_view text) {
  return TextListParser(text).run();
}

}  // namespace acuate
