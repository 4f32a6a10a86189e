#include "cli/test_support.h"

namespace acuate {
namespace {

using DiffTest = CommandTest;

TEST_F(DiffTest, EqualModels) {
  EXPECT_EQ(run({"diff", model(), path("m.onnx")}), 0);
  EXPECT_EQ(out, "no differences\n");
}

TEST_F(DiffTest, DifferentModelsEndWith1) {
  model("b.onnx",
        "g (float[1, 4] x) => (float[1, 4] y) <float[4] w = {1.0, 2.0, 3.0, 5.0}>"
        " { h = Mul(x, w)  i = Identity(h)  y = Relu(i) }");
  const auto json = run_json({"diff", model(), path("b.onnx")}, kConditionFailed);
  EXPECT_EQ(json["weights_changed"][0]["differing"], 1);
  EXPECT_EQ(json["weights_changed"][0]["max_abs_difference"], 1.0);
}

constexpr const char* kChanged =
    "g (float[1, 4] x) => (float[1, 4] y) <float[4] w = {1.0, 2.0, 3.0, 5.0}, float[1, 4] v ="
    " {1.0, 2.0, 3.0, 4.0}> { h = Mul(x, w)  i = Add(h, v)  y = Relu(i) }";

TEST_F(DiffTest, TheScriptMakesTheSecondModel) {
  model("b.onnx", kChanged);
  EXPECT_EQ(run({"diff", model(), path("b.onnx"), "--script", path("e.acu")}), kConditionFailed);
  EXPECT_TRUE(exists("e.acu.weights/0.bin"));
  EXPECT_FALSE(exists("e.acu.partial"));
  EXPECT_EQ(run({"edit", path("m.onnx"), path("e.acu"), "-o", path("c.onnx")}), 0) << err;
  EXPECT_EQ(run({"diff", path("c.onnx"), path("b.onnx")}), 0) << out;
}

TEST_F(DiffTest, TheScriptOnStandardOutputStandsAlone) {
  model("b.onnx",
        "g (float[1, 4] x) => (float[1, 4] y) <float[4] w = {1.0, 2.0, 3.0, 5.0}>"
        " { h = Mul(x, w)  i = Identity(h)  y = Relu(i) }");
  EXPECT_EQ(run({"diff", model(), path("b.onnx"), "--script", "-"}), kConditionFailed);
  EXPECT_EQ(out, "set-initializer w float32:[1, 2, 3, 5]\n");
}

TEST_F(DiffTest, WhatNoScriptCanMakeWritesNone) {
  // Another order of the inputs.
  model("a.onnx", "g (float[4] x, float[4] z) => (float[4] y) { y = Sub(x, z) }");
  model("b.onnx", "g (float[4] z, float[4] x) => (float[4] y) { y = Sub(x, z) }");
  EXPECT_EQ(run({"diff", path("a.onnx"), path("b.onnx"), "--script", path("e.acu")}), 2);
  EXPECT_THAT(err, testing::HasSubstr("no script is written"));
  EXPECT_FALSE(exists("e.acu"));
  EXPECT_FALSE(exists("e.acu.weights"));
  EXPECT_FALSE(exists("e.acu.partial"));
}

TEST_F(DiffTest, AMissingModelIsAMistake) { EXPECT_EQ(run({"diff", model(), path("b.onnx")}), 2); }

}  // namespace
}  // namespace acuate
