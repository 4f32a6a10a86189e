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

// Three products and their 8-bit form, s8 with a pair behind each; the scales of weight and result
// of the middle one are given. Values: a to 6, b to 9, y to 4.
std::string eight_bit(const std::string& weight_scale, const std::string& scale) {
  return R"(g (float[1, 4] x) => (float[1, 4] y)
    <float[4] w = {1.0, 2.0, 3.0, 4.0}, int8[4] v = {64, -32, 96, 48}, float[4] u = {0.5, 1.0, -0.25, 0.125},
     float sv = {)" +
         weight_scale + R"(}, float sa = {0.05}, float sb = {)" + scale + R"(}, int8 z = {0}> {
    ["/stem/Mul"] a = Mul(x, w)  aq = QuantizeLinear(a, sa, z)  ad = DequantizeLinear(aq, sa, z)
    vd = DequantizeLinear(v, sv, z)
    ["/body/Mul"] b = Mul(ad, vd)  bq = QuantizeLinear(b, sb, z)  bd = DequantizeLinear(bq, sb, z)
    ["/head/Mul"] c = Mul(bd, u)  ["/head/Relu"] y = Relu(c) })";
}

class CompareQuantized : public CompareTest {
 protected:
  std::string float_form() {
    return model("float.onnx", R"(g (float[1, 4] x) => (float[1, 4] y)
      <float[4] w = {1.0, 2.0, 3.0, 4.0}, float[4] v = {1.0, -0.5, 1.5, 0.75}, float[4] u = {0.5, 1.0, -0.25, 0.125}> {
      ["/stem/Mul"] a = Mul(x, w)  ["/body/Mul"] b = Mul(a, v)
      ["/head/Mul"] c = Mul(b, u)  ["/head/Relu"] y = Relu(c) })");
  }
  nlohmann::json compared(const std::string& weight_scale, const std::string& scale) {
    EXPECT_TRUE(write_npy(path("x.npy"), Tensor::of<float>({1, 4}, {1.01F, -1.23F, 1.98F, 0.49F})));
    model("int8.onnx", eight_bit(weight_scale, scale));
    return run_json({"compare", float_form(), path("int8.onnx"), "--input", "x=" + path("x.npy")});
  }
};

TEST_F(CompareQuantized, TheNoiseOfGoodGridsStandsOutNowhere) {
  const auto json = compared("0.015625", "0.072");
  ASSERT_EQ(json["tensors"].size(), 4);
  EXPECT_TRUE(json["first_outlier"].is_null());
  // Each step from the float model's values: a on its grid of 0.05, b on its of 0.072; the rest is
  // computed in float from these.
  const double a[] = {1.01, -2.46, 5.94, 1.96};
  double signal = 0, noise = 0;
  for (const double value : a) {
    const double error = value - std::nearbyint(value / 0.05) * 0.05;
    signal += value * value;
    noise += error * error;
  }
  EXPECT_EQ(json["tensors"][0]["tensor"], "a");
  EXPECT_EQ(json["tensors"][0]["reason"], "equal");  // in front of its pair
  EXPECT_NEAR(json["tensors"][0]["own_db"], 10 * std::log10(signal / noise), 1e-2);
  EXPECT_EQ(json["tensors"][2]["own_reason"], "equal");
  EXPECT_EQ(json["tensors"][3]["own_reason"], "equal");
}

TEST_F(CompareQuantized, ABrokenGridIsNamedWhereItIs) {
  const auto json = compared("0.015625", "0.03");  // 8.91 is clipped at 3.81
  EXPECT_EQ(json["first_outlier"]["tensor"], "b");
  EXPECT_EQ(json["first_outlier"]["module"], "body");
  EXPECT_EQ(json["worst_step"]["tensor"], "b");
  EXPECT_EQ(json["first_below"]["tensor"], "c");  // where the error is carried to
}

TEST_F(CompareQuantized, BrokenWeightsAreNamedWhereTheyAre) {
  const auto json = compared("0.02", "0.1");
  EXPECT_EQ(json["first_outlier"]["module"], "body");
  EXPECT_NEAR(json["first_outlier"]["own_db"], 20 * std::log10(1 / 0.28), 0.3);
  EXPECT_EQ(
      run({"compare", path("float.onnx"), path("int8.onnx"), "--input", "x=" + path("x.npy")}),
      kDone);
  EXPECT_NE(out.find("First that errs by itself: 'b' (Mul) in body"), std::string::npos) << out;
}

TEST_F(CompareTest, AnInputIsNeeded) {
  EXPECT_EQ(run({"compare", model(), path("m.onnx")}), 2);
  EXPECT_NE(err.find("--input"), std::string::npos);
}

}  // namespace
}  // namespace acuate
