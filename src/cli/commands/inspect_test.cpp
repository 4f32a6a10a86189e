#include "cli/test_support.h"

namespace acuate {
namespace {

using InspectTest = CommandTest;

TEST_F(InspectTest, CountsWhatIsThere) {
  const auto json =
      run_json({"inspect",
                model("m.onnx",
                      "g (float[n, 3, 8, 8] x) => (float[n, 2, 6, 6] y) <float[2, 3, 3, 3] w = {"
                      "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
                      "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1}>"
                      " { c = Conv(x, w)  y = Relu(c) }"),
                "--dim", "n=2"});
  EXPECT_EQ(json["operators"], (nlohmann::json{{"Conv", 1}, {"Relu", 1}}));
  EXPECT_EQ(json["parameters"], 54);
  EXPECT_EQ(json["weight_bytes"], 216);
  EXPECT_EQ(json["macs"], 2 * 2 * 6 * 6 * 27);
  EXPECT_EQ(json["dynamic_dims"][0]["name"], "n");
  EXPECT_EQ(json["dynamic_dims"][0]["places"][0], "x[0]");
  EXPECT_EQ(json["inputs"][0]["shape"], (nlohmann::json{"n", 3, 8, 8}));
  EXPECT_TRUE(json["findings"].empty());
}

TEST_F(InspectTest, ConstantNodesAreParametersToo) {
  const auto json = run_json(
      {"inspect", model("m.onnx",
                        "g (float[1, 4] x) => (float[1, 4] y)"
                        " { w = Constant<value = float[4] {1, 2, 3, 4}>()  y = Mul(x, w) }")});
  EXPECT_EQ(json["parameters"], 4);
  EXPECT_EQ(json["nodes"], 2);
}

TEST_F(InspectTest, AnInvalidModelIsOpened) {
  const auto json = run_json(
      {"inspect", model("m.onnx", "g (float[4] x) => (float[4] y) { y = Frobnicate(x) }")});
  EXPECT_EQ(json["findings"][0]["id"], "unknown_operator");
  EXPECT_EQ(json["findings"][0]["severity"], "error");
}

TEST_F(InspectTest, UnknownShapesHaveNoMultiplyAccumulatesButAReason) {
  const auto json = run_json({"inspect", model("m.onnx",
                                               "g (float[n, 2] x) => (float[n, 1] y)"
                                               " <float[2, 1] w = {1, 2}> { y = MatMul(x, w) }")});
  EXPECT_TRUE(json["macs"].is_null());
  EXPECT_FALSE(json["reason"]["macs"].empty());
}

TEST_F(InspectTest, EachNodeIsToldWithItsModules) {
  auto parsed = parse_text_model(std::string("<ir_version: 8, opset_import: [\"\" : 17]>\n") +
                                 "g (float[1, 4] x) => (float[1, 4] y)"
                                 " <float[4] w = {1, 2, 3, 4}> { h = Mul(x, w)  y = Relu(h) }");
  ASSERT_TRUE(parsed);
  (*parsed)->graph().first()->set_name("/stem/scale/Mul");
  ASSERT_TRUE(save_model(**parsed, path("m.onnx")));
  const auto json = run_json({"inspect", path("m.onnx"), "--nodes"});
  ASSERT_EQ(json["node_modules"].size(), 2);
  EXPECT_EQ(json["node_modules"][0]["node"], "/stem/scale/Mul");
  EXPECT_EQ(json["node_modules"][0]["modules"], nlohmann::json{"stem.scale"});
  EXPECT_EQ(json["node_modules"][0]["guessed"], false);
  EXPECT_EQ(json["node_modules"][1]["modules"], nlohmann::json{""});
  EXPECT_EQ(json["node_modules"][1]["guessed"], true);  // from what is around it
  ASSERT_EQ(json["modules"].size(), 3);
  EXPECT_EQ(json["modules"][1]["path"], "stem");
  EXPECT_EQ(json["modules"][1]["nodes"], 1);
}

TEST_F(InspectTest, ModulesStandBehindWhatHoldsThem) {
  auto parsed = parse_text_model(
      "<ir_version: 8, opset_import: [\"\" : 17]>\n"
      "g (float[4] x) => (float[4] y)"
      " { [a] p = Relu(x)  [b] q = Relu(p)  [c] y = Relu(q) }");
  ASSERT_TRUE(parsed);
  Node* node = (*parsed)->graph().first();
  for (const char* name : {"/a/one/Relu", "/b/Relu", "/a/two/Relu"}) {
    node->set_name(name);
    node = node->next();
  }
  ASSERT_TRUE(save_model(**parsed, path("m.onnx")));
  const auto json = run_json({"inspect", path("m.onnx")});
  std::vector<std::string> paths;
  for (const auto& module : json["modules"]) paths.push_back(module["path"]);
  EXPECT_THAT(paths, testing::ElementsAre("", "a", "a.one", "a.two", "b"));
}

TEST_F(InspectTest, WhatIsNoModelIsAMistake) {
  EXPECT_EQ(run({"inspect", write("m.onnx", "no model at all, just text")}), 2);
  EXPECT_NE(err.find("m.onnx"), std::string::npos);
  EXPECT_EQ(run({"inspect", path("nowhere.onnx")}), 2);
}

}  // namespace
}  // namespace acuate
