#include "cli/test_support.h"

namespace acuate {
namespace {

using SimplifyTest = CommandTest;

TEST_F(SimplifyTest, TellsWhatEachPassDid) {
  const auto json = run_json({"simplify", model(), "-o", path("s.onnx")});
  EXPECT_EQ(json["nodes_before"], 3);
  EXPECT_EQ(json["nodes_after"], 2);
  for (const auto& pass : json["passes"])
    EXPECT_EQ(pass["applied"], pass["id"] == "eliminate_identity" ? 1 : 0) << pass;
}

TEST_F(SimplifyTest, ADisabledPassIsLeftOut) {
  const auto json =
      run_json({"simplify", model(), "-o", path("s.onnx"), "--disable", "eliminate-identity"});
  EXPECT_EQ(json["nodes_after"], 3);
  EXPECT_EQ(run({"simplify", model(), "-o", path("t.onnx"), "--disable", "eliminate-nothing"}), 2);
  EXPECT_NE(err.find("eliminate-identity"), std::string::npos);  // lists those there are
  EXPECT_FALSE(exists("t.onnx"));
}

TEST_F(SimplifyTest, OnlyExactPasses) {
  const auto json = run_json({"simplify", model(), "-o", path("s.onnx"), "--exact"});
  for (const auto& pass : json["passes"]) EXPECT_EQ(pass["exactness"], "exact");
}

TEST_F(SimplifyTest, PatternsRunWhereTheyAreNamed) {
  const std::string written_out = model("swish.onnx", R"(g (float[2] x) => (float[2] y) <
      float three = {3}, float zero = {0}, float six = {6}> {
    a = Add(x, three)  c = Clip(a, zero, six)  d = Div(c, six)  y = Mul(x, d) })");
  const auto applied = [&](const std::vector<std::string>& flags) {
    std::vector<std::string> arguments{"simplify",     written_out, "-o",
                                       path("s.onnx"), "--disable", "fuse-hard-swish"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const auto json = run_json(arguments);
    std::set<std::string> patterns;
    for (const auto& pass : json["passes"]) {
      if (pass["phase"] == "pattern") patterns.insert(pass["id"]);
      if (pass["id"] == "hard_swish") {
        EXPECT_EQ(pass["applied"], 1);
      }
    }
    EXPECT_EQ(json["nodes_after"], patterns.count("hard_swish") > 0 ? 1 : 4);
    return patterns;
  };
  EXPECT_EQ(applied({}), std::set<std::string>{});
  EXPECT_EQ(applied({"--patterns", "hard-swish"}), std::set<std::string>{"hard_swish"});
  EXPECT_EQ(applied({"--patterns", "gelu,hard-swish"}),
            (std::set<std::string>{"gelu", "hard_swish"}));
}

TEST_F(SimplifyTest, PatternsTakesNoOtherPass) {
  EXPECT_EQ(run({"simplify", model(), "-o", path("s.onnx"), "--patterns", "eliminate-identity"}),
            2);
  EXPECT_NE(err.find("'eliminate-identity' is of phase clean"), std::string::npos) << err;
  EXPECT_EQ(run({"simplify", model(), "-o", path("s.onnx"), "--patterns", "everything"}), 2);
  EXPECT_NE(err.find("hard-swish"), std::string::npos) << err;
  EXPECT_FALSE(exists("s.onnx"));
}

TEST_F(SimplifyTest, AnInvalidModelIsRefused) {
  const std::string invalid =
      model("bad.onnx", "g (float[4] x) => (float[4] y) { y = Frobnicate(x) }");
  EXPECT_EQ(run({"simplify", invalid, "-o", path("s.onnx")}), 2);
  EXPECT_NE(err.find("unknown_operator"), std::string::npos);
  EXPECT_FALSE(exists("s.onnx"));
}

}  // namespace
}  // namespace acuate
