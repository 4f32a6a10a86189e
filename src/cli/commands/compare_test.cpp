#include <cmath>

#include "cli/samples_test_support.h"

namespace acuate {
namespace {

class CompareTest : public CommandTest {
 protected:
  std::string input() {
    EXPECT_TRUE(write_npy(path("x.npy"), Tensor::of<float>({1, 4}, {1, -1, 2, 0.5})));
    return "x=" + path("x.npy");
  }
};

TEST_F(CompareTest, EqualModelsAreEqualEverywhere) {
  const auto json = run_json({"compare", model(), path("m.onnx"), "--input", input()});
  ASSERT_EQ(json["tensors"].size(), 3);  // h, i, y
  for (const auto& tensor : json["tensors"]) EXPECT_EQ(tensor["reason"], "equal");
  EXPECT_TRUE(json["first_below"].is_null());
}

TEST_F(CompareTest, TheFirstTensorThatPartsIsNamed) {
  model("b.onnx",
        "g (float[1, 4] x) => (float[1, 4] y) <float[4] w = {1.0, 2.0, 3.0, 4.4}>"
        " { h = Mul(x, w)  y = Relu(h) }");
  const auto json = run_json({"compare", model(), path("b.onnx"), "--input", input()});
  ASSERT_EQ(json["tensors"].size(), 2);  // h and y: the other has no i
  // x · w = (1, −2, 6, 2); the last one is 2.2 in the second model.
  EXPECT_NEAR(json["tensors"][0]["sqnr_db"], 10 * std::log10((1 + 4 + 36 + 4) / 0.04), 1e-3);
  EXPECT_NEAR(json["outputs"][0]["sqnr_db"], 10 * std::log10((1 + 36 + 4) / 0.04), 1e-3);
  EXPECT_NEAR(json["outputs"][0]["max_abs"], 0.2, 1e-6);
  EXPECT_TRUE(json["first_below"].is_null());  // 30 dB
  const auto strict =
      run_json({"compare", model(), path("b.onnx"), "--input", input(), "--threshold", "40"});
  EXPECT_EQ(strict["first_below"]["tensor"], "h");
}

TEST_F(CompareTest, ShapesThatDifferAreTold) {
  model("b.onnx",
        "g (float[1, 4] x) => (float[4] y) <int64[1] s = {4}, float[4] w = {1.0, 2.0, 3.0, 4.0}>"
        " { h = Mul(x, w)  r = Relu(h)  y = Reshape(r, s) }");
  const auto json = run_json({"compare", model(), path("b.onnx"), "--input", input()});
  EXPECT_NE(json["outputs"][0]["reason"].get<std::string>().find("1x4 and 4"), std::string::npos);
}

TEST_F(CompareTest, AnInputIsNeeded) {
  EXPECT_EQ(run({"compare", model(), path("m.onnx")}), 2);
  EXPECT_NE(err.find("--input"), std::string::npos);
}

}  // namespace
}  // namespace acuate
