#include "report/table.h"

#include <algorithm>
#include <cstdint>

#include "base/check.h"

namespace acuate {
namespace {

constexpr int kGap = 2;
constexpr int kLeastWidth = 8;

// Length of the UTF-8 sequence that begins with `lead`.
size_t sequence_length(unsigned char lead) {
  return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

struct Glyph {
  std::string_view bytes;
  int width = 1;
};

std::vector<Glyph> glyphs(std::string_view text) {
  std::vector<Glyph> result;
  for (size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const size_t length = std::min(sequence_length(lead), text.size() - at);
    uint32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; ++i) {
      code = (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3F);
    }
    // Unicode Standard Annex 11, by blocks; combining marks take no column.
    const bool wide = (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
                      (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
                      (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
                      (code >= 0xFFE0 && code <= 0xFFE6) || (code >= 0x1F300 && code <= 0x1FAFF) ||
                      (code >= 0x20000 && code <= 0x3FFFD);
    const bool combining = (code >= 0x300 && code <= 0x36F) || (code >= 0x200B && code <= 0x200D);
    result.push_back({text.substr(at, length), combining ? 0 : wide ? 2 : 1});
    at += length;
  }
  return result;
}

std::string pad(const std::string& text, int width, bool right) {
  const std::string blanks(std::max(0, width - display_width(text)), ' ');
  return right ? blanks + text : text + blanks;
}

void trim_end(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  for (const Glyph& glyph : glyphs(text)) width += glyph.width;
  return width;
}

std::string fit(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  if (width <= 0) return "";
  const std::vector<Glyph> all = glyphs(text);
  const int tail_width = (width - 1) / 2;
  size_t tail = all.size();
  for (int used = 0; tail > 0 && used + all[tail - 1].width <= tail_width;) {
    used += all[--tail].width;
  }
  std::string out;
  int used = 0;
  for (const Glyph& glyph : all) {
    if (used + glyph.width > width - 1 - tail_width) break;
    out += glyph.bytes;
    used += glyph.width;
  }
  out += "…";
  for (size_t i = tail; i < all.size(); ++i) out += all[i].bytes;
  return out;
}

std::string wrap(std::string_view text, int width, const std::string& first,
                 const std::string& indent) {
  std::string out;
  std::string line = first;
  int used = display_width(line);
  bool is_blank = true;
  const auto end_line = [&] {
    trim_end(line);
    out += line + "\n";
    line = indent;
    used = display_width(line);
    is_blank = true;
  };
  for (size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    const std::string_view word = text.substr(at, text.find(' ', at) - at);
    at += word.size();
    if (!is_blank && used + 1 + display_width(word) > width) end_line();
    if (!is_blank) {
      line += ' ';
      ++used;
    }
    for (const Glyph& glyph : glyphs(word)) {
      if (used + glyph.width > width && !is_blank) end_line();
      line += glyph.bytes;
      used += glyph.width;
      is_blank = false;
    }
  }
  end_line();
  return out;
}

std::vector<int> TextTable::widths(int width) const {
  std::vector<int> result;
  for (size_t c = 0; c < columns_.size(); ++c) {
    int widest = display_width(columns_[c].title);
    for (const auto& row : rows_) widest = std::max(widest, display_width(row.at(c)));
    result.push_back(widest);
  }
  const auto total = [&] {
    int sum = kGap * (static_cast<int>(columns_.size()) - 1);
    for (int w : result) sum += w;
    return sum;
  };
  const auto widest_column = [&](bool right) {
    size_t widest = columns_.size();
    for (size_t c = 0; c < columns_.size(); ++c) {
      const bool may_shrink = columns_[c].right == right && result[c] > kLeastWidth;
      if (may_shrink && (widest == columns_.size() || result[c] > result[widest])) widest = c;
    }
    return widest;
  };
  while (total() > width) {
    size_t column = widest_column(false);
    if (column == columns_.size()) column = widest_column(true);
    if (column == columns_.size()) break;
    --result[column];
  }
  return result;
}

std::string TextTable::render(int width, std::string_view indent) const {
  for (const auto& row : rows_) {
    ACUATE_CHECK(row.size() == columns_.size(), "a table's row has another number of cells");
  }
  const std::vector<int> columns = widths(width - display_width(indent));
  std::string out;
  const auto add_line = [&](auto&& cell) {
    std::string line(indent);
    for (size_t c = 0; c < columns.size(); ++c) {
      if (c > 0) line.append(kGap, ' ');
      line += pad(fit(cell(c), columns[c]), columns[c], columns_[c].right);
    }
    trim_end(line);
    out += line + "\n";
  };
  add_line([&](size_t c) { return columns_[c].title; });
  for (const auto& row : rows_) add_line([&](size_t c) { return row[c]; });
  return out;
}

}  // namespace acuate
