#include "cli/test_support.h"

namespace acuate {
namespace {

class FixTest : public CommandTest {
 protected:
  std::string dynamic() {
    return model("m.onnx", "g (float[n, 4] x) => (float[n, 4] y) { y = Relu(x) }");
  }
};

TEST_F(FixTest, WritesModelAndScript) {
  const auto json = run_json({"fix", dynamic(), "-o", path("f.onnx"), "--dim", "n=3"});
  EXPECT_TRUE(json["still_dynamic"].empty());
  EXPECT_EQ(read("f.onnx.acu"),
            "# Edits that make f.onnx of m.onnx\n" + json["edits"][0].get<std::string>() + "\n");
  ASSERT_EQ(run({"edit", path("m.onnx"), path("f.onnx.acu"), "-o", path("again.onnx")}), 0);
  EXPECT_EQ(read("again.onnx"), read("f.onnx"));
  EXPECT_EQ(run_json({"inspect", path("f.onnx")})["inputs"][0]["shape"], (nlohmann::json{3, 4}));
}

TEST_F(FixTest, TellsWhatStaysDynamic) {
  const auto json = run_json({"fix", dynamic(), "-o", path("f.onnx"), "--script", path("own.acu")});
  EXPECT_EQ(json["still_dynamic"][0]["value"], "x");
  EXPECT_EQ(read("f.onnx"), read("m.onnx"));
  EXPECT_TRUE(exists("own.acu"));
  EXPECT_FALSE(exists("f.onnx.acu"));
}

TEST_F(FixTest, AnUnknownInputLeavesNothing) {
  EXPECT_EQ(run({"fix", dynamic(), "-o", path("f.onnx"), "--shape", "xx=1x4"}), 2);
  EXPECT_NE(err.find("'xx'"), std::string::npos) << err;
  EXPECT_FALSE(exists("f.onnx"));
  EXPECT_FALSE(exists("f.onnx.acu"));
}

}  // namespace
}  // namespace acuate
