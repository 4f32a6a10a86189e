#include "quantize/backward.h"

#include "graph/verify.h"
#include "onnx_io/text_form.h"
#include "quantize/gradient_test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

std::unique_ptr<Model> model_of(const std::string& graph, int opset = 17) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : " + std::to_string(opset) +
                                "]>\n" + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return std::move(*model);
}

TEST(Backward, PathsThatPartAndMeetAreSummed) {
  expect_gradients(
      "g (float[2,3] x) => (float[2,3] y) { a = Tanh(x)  b = Mul(a, x)  y = Add(b, a) }");
}

TEST(Backward, AValueReadTwiceByOneNodeCountsTwice) {
  expect_gradients("g (float[3] x) => (float[3] y) { y = Mul(x, x) }");
}

TEST(Backward, AllOutputsCount) {
  expect_gradients("g (float[3] x) => (float[3] y, float[3] z) { y = Exp(x)  z = Mul(y, x) }");
}

TEST(Backward, InnerTensorsComeOutWithTheirGradients) {
  const auto model =
      model_of("g (float[3] x) => (float[3] y) { a = Exp(x)  b = Identity(a)  y = Neg(b) }");
  const auto backward = build_backward(*model, {"a", "b", "y"});
  ASSERT_TRUE(backward) << backward.error().message;
  ASSERT_EQ(backward->gradients.size(), 3U);
  EXPECT_EQ(backward->gradients[0].output, "a_gradient");
  EXPECT_EQ(backward->seeds[0].output, "y");
  EXPECT_TRUE(verify(*backward->model).empty());
  EXPECT_NE(backward->model->graph().find("a"), nullptr);
  EXPECT_TRUE(backward->model->graph().find("a")->is_output());
  EXPECT_EQ(model->graph().node_count(), 3U);  // the model itself stays
}

TEST(Backward, WhatHasNoRuleIsToldAndNeverSilentlyNothing) {
  // Beside the way through Floor there is another: the sum of the rest would be wrong.
  EXPECT_THAT(
      not_reached("g (float[3] x) => (float[3] y) { a = Neg(x)  b = Floor(a)  y = Add(a, b) }"),
      HasSubstr("there is no gradient rule for '@b' (Floor)"));
}

TEST(Backward, NothingPassesThroughWhatIsCompared) {
  expect_gradients(
      "g (float[3] x) => (float[3] y) { z = Mul(x, x)  c = Less(x, z)  y = Where(c, x, z) }");
  // Suppression on a map of scores: what is not the largest of its window becomes zero.
  expect_gradients(R"(g (float[1,1,4,4] x) => (float[1,1,4,4] y) {
    s = Sigmoid(x)  m = MaxPool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (s)
    c = Equal(s, m)  f = Cast <to = 1> (c)  y = Mul(s, f) })");
}

TEST(Backward, OutputsOfClassesStandBesideScores) {
  expect_gradients(R"(g (float[2,3] x) => (float[2,3] y, int64[2] best) {
    y = Exp(x)  best = ArgMax <axis = 1, keepdims = 0> (y) })");
}

TEST(Backward, WhatOnlyAShapeReadsChangesNothing) {
  expect_gradients(
      "g (float[2,3] x) => (float[2,3] y) { s = Shape(x)  n = Neg(x)  y = Reshape(n, s) }");
}

TEST(Backward, BodiesThatReadOuterValuesHaveNoRule) {
  EXPECT_THAT(not_reached(R"(g (float[3] x, bool c) => (float[3] y) {
    a = Neg(x)
    y = If(c) <then_branch = t () => (float[3] p) { p = Exp(a) }, else_branch = e () => (float[3] q) { q = Neg(a) }>
  })"),
              HasSubstr("(If)"));
}

TEST(Backward, RefusesWhatItCannotTake) {
  const auto model = model_of("g (float[n] x, int64[2] i) => (float[n] y) { y = Neg(x) }");
  EXPECT_THAT(build_backward(*model, {"x"}).error().message, HasSubstr("static shape"));
  EXPECT_THAT(build_backward(*model, {"i"}).error().message, HasSubstr("int64"));
  EXPECT_THAT(build_backward(*model, {"z"}).error().message, HasSubstr("no tensor 'z'"));
  const auto old = model_of("g (float[2] x) => (float[2] y) { y = Neg(x) }", 12);
  EXPECT_THAT(build_backward(*old, {"x"}).error().message, HasSubstr("opset 13"));
}

TEST(Backward, ChainsOfAHundredThousandNodes) {
  auto model = model_of("g (float[2] x) => (float[2] y) { y = Neg(x) }");
  Graph& graph = model->graph();
  Value* last = graph.inputs()[0];
  for (int i = 0; i < 100'000; ++i) {
    Value* next = graph.add_value("v" + std::to_string(i));
    graph.add_node("Neg", "", "", {last}, {next}, graph.last());
    last = next;
  }
  graph.last()->set_input(0, last);
  const auto backward = build_backward(*model, {"x"});
  ASSERT_TRUE(backward) << backward.error().message;
  EXPECT_EQ(backward->gradients.size(), 1U);
}

}  // namespace
}  // namespace acuate
