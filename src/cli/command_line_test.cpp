#include "base/text.h"
#include "cli/test_support.h"

namespace acuate {
namespace {

using CommandLineTest = CommandTest;

TEST_F(CommandLineTest, HelpOfEveryCommandShowsExamples) {
  CliCommandRegistry commands;
  register_all_commands(commands);
  EXPECT_GE(commands.all().size(), 16);
  for (const CliCommand& command : commands.all()) {
    EXPECT_EQ(run({to_kebab_case(command.id), "--help"}), 0) << command.id;
    EXPECT_NE(out.find("Examples:\n  acuate " + to_kebab_case(command.id)), std::string::npos)
        << out;
    EXPECT_NE(out.find("--json"), std::string::npos) << command.id;
    EXPECT_FALSE(command.summary.empty()) << command.id;
  }
}

TEST_F(CommandLineTest, MistakesEndWith2) {
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"frobnicate"}), 2);
  EXPECT_EQ(run({"passes", "--frobnicate"}), 2);
  EXPECT_EQ(out, "");
  EXPECT_EQ(run({"--version"}), 0);
}

TEST_F(CommandLineTest, JsonToAFileKeepsTheText) {
  EXPECT_EQ(run({"passes", "--json", path("p.json")}), 0);
  EXPECT_NE(out.find("fold-constants"), std::string::npos);
  EXPECT_FALSE(nlohmann::json::parse(read("p.json"))["passes"].empty());
  EXPECT_EQ(run({"passes", "--json", path("nowhere/p.json")}), 2);
  EXPECT_EQ(run({"passes", "--json", "-"}), 0);
  EXPECT_NE(err.find("fold-constants"), std::string::npos);  // the text goes there
}

}  // namespace
}  // namespace acuate
