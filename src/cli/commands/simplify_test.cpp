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

TEST_F(SimplifyTest, AnInvalidModelIsRefused) {
  const std::string invalid =
      model("bad.onnx", "g (float[4] x) => (float[4] y) { y = Frobnicate(x) }");
  EXPECT_EQ(run({"simplify", invalid, "-o", path("s.onnx")}), 2);
  EXPECT_NE(err.find("unknown_operator"), std::string::npos);
  EXPECT_FALSE(exists("s.onnx"));
}

}  // namespace
}  // namespace acuate
