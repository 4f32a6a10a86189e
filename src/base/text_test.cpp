#include "base/text.h"

#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(Text, SplitKeepsEmptyPartsAndJoinUndoesIt) {
  const auto parts = split("a,,b,", ',');
  EXPECT_EQ(parts, (std::vector<std::string>{"a", "", "b", ""}));
  EXPECT_EQ(join(parts, ","), "a,,b,");
  EXPECT_EQ(split("", ',').size(), 1U);
  EXPECT_EQ(join({}, ","), "");
}

TEST(Text, TrimTakesOnlyOuterSpace) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
}

TEST(Text, IdsConvertBothWays) {
  EXPECT_EQ(to_snake_case("vsi-npu_x"), "vsi_npu_x");
  EXPECT_EQ(to_kebab_case("vsi_npu-x"), "vsi-npu-x");
}

TEST(Text, NumbersAreWholeTextOrNothing) {
  EXPECT_EQ(parse_int("-12"), -12);
  EXPECT_EQ(parse_int("9223372036854775807"), INT64_MAX);
  for (const char* bad : {"", " 1", "1 ", "1.0", "0x1", "9223372036854775808", "-"})
    EXPECT_EQ(parse_int(bad), std::nullopt) << bad;
  EXPECT_EQ(parse_double("1e-3"), 1e-3);
  EXPECT_EQ(parse_double("2"), 2.0);
  for (const char* bad : {"", "1.0f", "1,5", "1e999", " 1"})
    EXPECT_EQ(parse_double(bad), std::nullopt) << bad;
}

TEST(Text, InvalidUtf8BecomesReplacementCharacters) {
  const std::string valid = "d\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80";
  EXPECT_EQ(to_valid_utf8(valid), valid);
  // A lone continuation, an overlong slash, a surrogate, beyond U+10FFFF, a sequence cut off.
  for (const char* bad : {"\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    std::string expected;
    for (size_t i = 0; i < std::string_view(bad).size(); ++i) expected += "\xEF\xBF\xBD";
    EXPECT_EQ(to_valid_utf8(bad), expected);
  }
}

TEST(Text, JsonQuoteEscapesControlCharacters) {
  EXPECT_EQ(json_quote("a\"b\\c\n\t\r"), R"("a\"b\\c\n\t\r")");
  EXPECT_EQ(json_quote(std::string_view("\x01\x00", 2)), R"("\u0001\u0000")");
  EXPECT_EQ(json_quote("\xFF"), "\"\xEF\xBF\xBD\"");
}

TEST(Text, BytesAreDecimal) {
  EXPECT_EQ(format_bytes(640), "640 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1'900'000), "1.9 MB");
  EXPECT_EQ(format_bytes(2'500'000'000), "2.5 GB");
}

TEST(Text, ClosestMatchOnlySuggestsLikelyTypos) {
  const std::vector<std::string> names{"conv1", "conv12", "relu"};
  EXPECT_EQ(closest_match("cnv1", names), "conv1");
  EXPECT_EQ(closest_match("relu", names), "relu");
  EXPECT_EQ(closest_match("softmax", names), std::nullopt);
  EXPECT_EQ(closest_match("x", {}), std::nullopt);
  EXPECT_EQ(closest_match(std::string(100'000'000, 'x'), names), std::nullopt);
}

// Compared with the definition by recursion.
bool matches_by_definition(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*')
    return matches_by_definition(text, pattern.substr(1)) ||
           (!text.empty() && matches_by_definition(text.substr(1), pattern));
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
         matches_by_definition(text.substr(1), pattern.substr(1));
}

TEST(Text, PatternsMatchAsDefined) {
  std::vector<std::string> words{""};
  for (size_t i = 0; i < words.size() && words.size() < 341; ++i)
    for (const char c : {'a', 'b', '*', '?'}) words.push_back(words[i] + c);
  size_t matched = 0;
  for (const std::string& text : words)
    for (const std::string& pattern : words) {
      const bool expected = matches_by_definition(text, pattern);
      EXPECT_EQ(matches_pattern(text, pattern), expected) << text << " against " << pattern;
      matched += expected ? 1 : 0;
    }
  EXPECT_GT(matched, 1000U);
  EXPECT_TRUE(matches_pattern("/layer1/conv/Conv", "/layer?/*Conv"));
}

}  // namespace
}  // namespace acuate
