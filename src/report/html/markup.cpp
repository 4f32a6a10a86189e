#include "report/html/markup.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "base/check.h"
#include "report/display.h"

namespace acuate {
namespace {

uint32_t hex_digit(char digit) { return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10; }

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (char c : printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string element(std::string_view tag, std::string_view classes, std::string_view text) {
  const std::string attribute = classes.empty() ? "" : fmt::format(" class=\"{}\"", classes);
  return fmt::format("<{}{}>{}</{}>", tag, attribute, escape_html(text), tag);
}

std::string number_cell(std::string_view text, std::string_view value, bool wide) {
  return fmt::format("<td class=\"num{}\" data-value=\"{}\">{}</td>", wide ? " wide" : "",
                     escape_html(value), escape_html(text));
}

std::string base64_of_hex(std::string_view hex) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  ACUATE_CHECK(hex.size() % 2 == 0, "base64_of_hex: half a byte");
  std::string out;
  for (size_t at = 0; at < hex.size(); at += 6) {
    uint32_t bits = 0;
    const size_t digits = std::min<size_t>(6, hex.size() - at);
    for (size_t i = 0; i < 6; ++i) bits = bits << 4 | (i < digits ? hex_digit(hex[at + i]) : 0);
    for (size_t i = 0; i < 4; ++i) {
      out += i <= digits / 2 ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
    }
  }
  return out;
}

}  // namespace acuate
