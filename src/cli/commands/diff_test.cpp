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

TEST_F(DiffTest, AMissingModelIsAMistake) { EXPECT_EQ(run({"diff", model(), path("b.onnx")}), 2); }

}  // namespace
}  // namespace acuate
