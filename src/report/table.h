#pragma once

#include <string>
#include <string_view>
#include <vector>

// Plain-text layout in terminal columns; the text is printable() UTF-8.
namespace acuate {

// Columns that the text takes on a terminal: two for East Asian wide characters and emoji.
int display_width(std::string_view text);

// The text in at most `width` columns, with `…` for what was left out in the middle.
std::string fit(std::string_view text, int width);

// Lines of at most `width` columns, broken at blanks, inside words only where one is too long. Each
// line begins with `indent`, the first with `first`, which is as wide.
std::string wrap(std::string_view text, int width, const std::string& first,
                 const std::string& indent);

// Rows of cells under a header. Columns are as wide as their widest cell; where the whole would
// exceed the width, the widest shrink, those that are not `right` first, and their cells are
// fitted.
class TextTable {
 public:
  struct Column {
    std::string title;
    bool right = false;
  };
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  std::string render(int width, std::string_view indent = "  ") const;

 private:
  std::vector<int> widths(int width) const;
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace acuate
