#include "cli/samples_test_support.h"

namespace acuate {
namespace {

class RunTest : public CommandTest {
 protected:
  std::string input() {
    EXPECT_TRUE(write_npy(path("x.npy"), Tensor::of<float>({1, 4}, {1, -1, 2, 0.5})));
    return "x=" + path("x.npy");
  }
};

TEST_F(RunTest, OutputsAsFiles) {
  const auto json = run_json({"run", model(), "--input", input(), "-o", path("out")});
  EXPECT_EQ(json["outputs"][0]["name"], "y");
  EXPECT_EQ(json["outputs"][0]["type"], "float32");
  const auto tensor = read_npy(path("out/y.npy"));
  ASSERT_TRUE(tensor);
  EXPECT_THAT(tensor->values<float>(), testing::ElementsAre(1, 0, 6, 2));
}

TEST_F(RunTest, OutputsWhoseNamesAreTheSameFileStayApart) {
  auto two = parse_text_model(
      "<ir_version: 8, opset_import: [\"\" : 17]>\n"
      "g (float[1, 4] x) => (float[1, 4] a, float[1, 4] b) { a = Relu(x)  b = Neg(x) }");
  ASSERT_TRUE(two);
  Graph& graph = (*two)->graph();
  graph.rename(*graph.find("a"), "y/1");
  graph.rename(*graph.find("b"), "y:1");
  ASSERT_TRUE(save_model(**two, path("two.onnx")));
  ASSERT_EQ(run({"run", path("two.onnx"), "--input", input(), "-o", path("out")}), 0) << err;
  EXPECT_EQ(read_npy(path("out/y_1.npy"))->values<float>()[0], 1);
  EXPECT_EQ(read_npy(path("out/y_1_1.npy"))->values<float>()[0], -1);
}

TEST_F(RunTest, InputsMustFit) {
  EXPECT_EQ(run({"run", model(), "-o", path("out")}), 2);
  EXPECT_NE(err.find("x=FILE.npy"), std::string::npos);
  EXPECT_EQ(run({"run", model(), "--input", input(), "--input", "z=a.npy", "-o", path("o")}), 2);
  EXPECT_NE(err.find("'z'"), std::string::npos);
  EXPECT_EQ(run({"run", model(), "--input", input(), "--input", input(), "-o", path("o")}), 2);
  EXPECT_NE(err.find("twice"), std::string::npos);
  EXPECT_EQ(run({"run", model(), "--input", "x=" + write("i.png", "?"), "-o", path("o")}), 2);
  EXPECT_NE(err.find("pre-processing"), std::string::npos);
  EXPECT_FALSE(exists("out"));
  EXPECT_FALSE(exists("o"));
}

TEST_F(RunTest, AnInvalidModelIsRefused) {
  const std::string bad = model("b.onnx", "g (float[4] x) => (float[4] y) { y = Frobnicate(x) }");
  EXPECT_EQ(run({"run", bad, "--input", input(), "-o", path("o")}), 2);
  EXPECT_NE(err.find("unknown_operator"), std::string::npos);
}

}  // namespace
}  // namespace acuate
