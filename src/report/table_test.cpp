#include "report/table.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace acuate {
namespace {

TEST(Table, Width) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("µ…"), 2);
  EXPECT_EQ(display_width("画像"), 4);
  EXPECT_EQ(display_width("e\u0301"), 1);
}

TEST(Table, FitKeepsBothEnds) {
  EXPECT_EQ(fit("short", 5), "short");
  EXPECT_EQ(fit("backbone.layer1.conv", 9), "back…conv");
  EXPECT_EQ(fit("画像画像画像", 5), "画…像");
  EXPECT_EQ(fit("abc", 0), "");
  for (int width = 1; width < 12; ++width)
    EXPECT_LE(display_width(fit("画a像b画c像", width)), width);
}

TEST(Table, WrapBreaksAtBlanksAndLongWords) {
  EXPECT_EQ(wrap("one two three", 9, "> ", "  "), "> one two\n  three\n");
  EXPECT_EQ(wrap("abcdefghij", 6, "", ""), "abcdef\nghij\n");
  EXPECT_EQ(wrap("", 9, "x", ""), "x\n");
}

TEST(Table, AlignsAndShrinks) {
  TextTable table({{"name"}, {"n", true}});
  table.add({"a", "1"});
  table.add({"bb", "100"});
  EXPECT_EQ(table.render(40, ""), "name    n\na       1\nbb    100\n");
  table.add({std::string(200, 'x'), "7"});
  for (const std::string& line : split(table.render(40), '\n')) EXPECT_LE(display_width(line), 40);
}

}  // namespace
}  // namespace acuate
