#include "report/html/markup.h"

#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(Markup, EscapesWhatHtmlReads) {
  EXPECT_EQ(escape_html("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(escape_html("&lt;"), "&amp;lt;") << "what looks escaped is text too";
  EXPECT_EQ(escape_html("\x1b\u202E\xff"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(escape_html("畳み込み"), "畳み込み");
}

TEST(Markup, ElementsAndCells) {
  EXPECT_EQ(element("p", "", "a<b"), "<p>a&lt;b</p>");
  EXPECT_EQ(element("td", "num dim", "1"), "<td class=\"num dim\">1</td>");
  EXPECT_EQ(number_cell("1,234 µs", "1234"), "<td class=\"num\" data-value=\"1234\">1,234 µs</td>");
  EXPECT_EQ(number_cell("–", "", /*wide=*/true), "<td class=\"num wide\" data-value=\"\">–</td>");
}

TEST(Markup, Base64) {  // RFC 4648, section 10
  EXPECT_EQ(base64_of_hex(""), "");
  EXPECT_EQ(base64_of_hex("66"), "Zg==");
  EXPECT_EQ(base64_of_hex("666f"), "Zm8=");
  EXPECT_EQ(base64_of_hex("666F6f"), "Zm9v");
  EXPECT_EQ(base64_of_hex("666f6f62"), "Zm9vYg==");
}

}  // namespace
}  // namespace acuate
