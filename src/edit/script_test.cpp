#include "edit/script.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(Script, SplitsLinesIntoWordsWithPlaces) {
  const auto script = parse_script("# a comment\n\n  set-shape x 1\t3 # more\r\nrename-node a#b c");
  ASSERT_TRUE(script) << script.error().message;
  ASSERT_EQ(script->lines.size(), 2U);
  const ScriptLine& first = script->lines[0];
  EXPECT_EQ(first.line, 3U);
  EXPECT_EQ(first.column, 3U);
  EXPECT_EQ(first.command, "set-shape");
  ASSERT_EQ(first.arguments.size(), 3U);
  EXPECT_EQ(first.arguments[2].text, "3");
  EXPECT_EQ(first.arguments[2].column, 17U);
  EXPECT_EQ(script->lines[1].arguments[0].text, "a#b");
}

TEST(Script, QuotedWordsHoldJsonEscapes) {
  const auto script = parse_script(R"(rename-node "a b\"\\\/\n\u00e4\ud83d\ude00" "")");
  ASSERT_TRUE(script) << script.error().message;
  const auto& arguments = script->lines[0].arguments;
  ASSERT_EQ(arguments.size(), 2U);
  EXPECT_EQ(arguments[0].text, "a b\"\\/\n\xC3\xA4\xF0\x9F\x98\x80");
  EXPECT_TRUE(arguments[0].quoted);
  EXPECT_EQ(arguments[1].text, "");
}

TEST(Script, ListsAreOneWord) {
  const auto script = parse_script(R"(set-attr n v [1, [2, 3]] strings:["a ]b", "c"] x)");
  ASSERT_TRUE(script) << script.error().message;
  const auto& arguments = script->lines[0].arguments;
  ASSERT_EQ(arguments.size(), 5U);
  EXPECT_EQ(arguments[2].text, "[1, [2, 3]]");
  EXPECT_EQ(arguments[3].text, R"(strings:["a ]b", "c"])");
}

TEST(Script, ErrorsNameLineAndColumn) {
  const auto message = [](std::string_view text) {
    const auto script = parse_script(text, "edits.acu");
    return script ? "" : script.error().message;
  };
  EXPECT_EQ(message("apply x\napply \"y"),
            "edits.acu:2:7: found no closing '\"' on this line; expected one");
  EXPECT_EQ(message("set-attr n v [1, 2"),
            "edits.acu:1:14: found no closing ']' on this line; expected one, or quotes around a "
            "name");
  EXPECT_EQ(message(R"(apply "a"b)"),
            "edits.acu:1:10: found 'b' right after the end of a word; expected a space");
  EXPECT_THAT(message(R"(apply "\q")"),
              testing::StartsWith("edits.acu:1:8: found the escape '\\q'"));
  EXPECT_THAT(message(R"(apply "\u12g4")"), testing::StartsWith("edits.acu:1:8: found the escape"));
  EXPECT_THAT(message(R"(apply "\ud800x")"), testing::HasSubstr("surrogate"));
  EXPECT_EQ(parse_script("apply \"y").error().message.substr(0, 16), "line 1, column 7");
}

TEST(Script, FormattedCommandsReadBackAsTheSame) {
  // Words of the characters that matter to the language, and of any bytes.
  const std::string special = " \t\n\r\"\\#[],:@a0\xC3\xA4\xFF";
  std::mt19937 random(7);
  const auto word = [&](bool any) {
    std::string text;
    for (size_t size = random() % 7; text.size() < size;)
      text += any ? static_cast<char>(random() % 256) : special[random() % special.size()];
    return text;
  };
  for (int round = 0; round < 20'000; ++round) {
    std::vector<Token> tokens;
    for (size_t count = random() % 5; tokens.size() < count;) {
      const bool any = random() % 4 == 0;
      tokens.push_back({word(any), random() % 3 == 0});
    }
    const std::string line = format_command("set-attr", tokens);
    const auto script = parse_script("\n" + line + "\napply x\n");
    ASSERT_TRUE(script) << line << ": " << script.error().message;
    ASSERT_EQ(script->lines.size(), 2U) << line;
    const auto& read = script->lines[0].arguments;
    ASSERT_EQ(read.size(), tokens.size()) << line;
    for (size_t i = 0; i < tokens.size(); ++i) {
      EXPECT_EQ(read[i].text, tokens[i].text) << line;
      EXPECT_TRUE(read[i].quoted || !tokens[i].quoted) << line;
    }
    EXPECT_EQ(format_command("set-attr", read), line);
  }
}

TEST(Script, PlainWordsStayPlain) {
  const std::vector<std::string> names{"conv1", "p2o.DynamicDimension.0", "a b", "", "[1, 2]",
                                       "#x"};
  EXPECT_EQ(format_command("rename-node", names),
            R"(rename-node conv1 p2o.DynamicDimension.0 "a b" "" [1, 2] "#x")");
}

}  // namespace
}  // namespace acuate
