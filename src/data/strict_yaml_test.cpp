#include "data/strict_yaml.h"

#include <gmock/gmock.h>

namespace acuate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string parse_error(std::string_view text) {
  const auto yaml = StrictYaml::parse(text, "a.yaml");
  return yaml ? "no error" : yaml.error().message;
}

TEST(StrictYaml, ReadsValues) {
  const auto yaml = StrictYaml::parse(
      "name: x\nscale: 0.5\nflag: true\nlist: [1, 2]\nwords: [a, b]\ninner: {k: 1}\n", "a.yaml");
  ASSERT_TRUE(yaml) << yaml.error().message;
  EXPECT_EQ(**yaml->text("name"), "x");
  EXPECT_EQ(**yaml->number("scale"), 0.5);
  EXPECT_EQ(**yaml->boolean("flag"), true);
  EXPECT_THAT(**yaml->numbers("list"), ElementsAre(1, 2));
  EXPECT_THAT(**yaml->texts("words"), ElementsAre("a", "b"));
  EXPECT_EQ(**yaml->map("inner")->number("k"), 1);
  EXPECT_FALSE(yaml->has("other"));
  EXPECT_FALSE(yaml->text("other")->has_value());
}

TEST(StrictYaml, SaysFileAndLine) {
  const auto yaml = StrictYaml::parse("scale: 1\nstretsch: 2\n", "a.yaml");
  const std::vector<std::string> keys = {"scale", "stretch"};
  EXPECT_THAT(yaml->allow_only(keys).error().message,
              HasSubstr("a.yaml:2: unknown key 'stretsch', did you mean 'stretch'?"));
  EXPECT_THAT(StrictYaml::parse("a: 1\nb: x\n", "a.yaml")->number("b").error().message,
              HasSubstr("a.yaml:2: b: expected a number, found 'x'"));
}

TEST(StrictYaml, RefusesWrongKinds) {
  const auto yaml =
      StrictYaml::parse("a: [1]\nb: yes\nc: .nan\nd: [1, x]\ne:\nf: word\n", "a.yaml");
  EXPECT_FALSE(yaml->text("a"));
  EXPECT_FALSE(yaml->boolean("b"));
  EXPECT_FALSE(yaml->number("c"));
  EXPECT_FALSE(yaml->numbers("d"));
  EXPECT_FALSE(yaml->text("e"));
  EXPECT_FALSE(yaml->texts("f"));
  const std::vector<std::string> choices = {"one", "two"};
  EXPECT_THAT(yaml->choice("f", choices).error().message,
              HasSubstr("'word' is not one of one, two"));
}

TEST(StrictYaml, RefusesWhatIsNoMap) {
  EXPECT_THAT(parse_error("- a\n"), HasSubstr("found a list"));
  EXPECT_THAT(parse_error(""), HasSubstr("expected `key: value`"));
  EXPECT_THAT(parse_error("a: [1\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(parse_error("a: 1\na: 2\n"), HasSubstr("a.yaml:2: the key 'a' is given twice"));
  EXPECT_THAT(parse_error("{a: 1}\n---\n{b: 1}\n"), HasSubstr("expected"));
}

}  // namespace
}  // namespace acuate
