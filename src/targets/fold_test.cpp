#include "targets/fold.h"

#include "onnx_io/text_form.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_of(const std::string& graph) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return std::move(*model);
}

TEST(Fold, TheEngineComputesConstants) {
  auto model = model_of(
      R"(g (float[2] x) => (float[2] y) <float[2] a = {1.0, 2.0}, float[2] b = {3.0, 4.0}> { s = Mul(a, b)  t = Sqrt(s)  y = Add(x, t) })");
  for (const char* name : {"s", "t"})
    model->graph().find(name)->type = model->graph().inputs()[0]->type;
  PassContext context;
  context.evaluate = make_evaluator(*targets().lookup("onnxruntime"));
  ASSERT_TRUE(context.evaluate);
  auto outcome = run_pass(*passes().lookup("fold_constants"), *model, context);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->applied, 1U);
  ASSERT_TRUE(run_pass(*passes().lookup("eliminate_dead_code"), *model, context));
  ASSERT_EQ(model->graph().node_count(), 1U);
  const auto tensor = model->load(*model->graph().first()->input(1)->initializer);
  EXPECT_EQ(tensor->values<float>()[0], std::sqrt(3.0F));
  EXPECT_EQ(tensor->values<float>()[1], std::sqrt(8.0F));
}

// With what they call; one that draws random numbers, or calls itself, stays.
TEST(Fold, CallsOfFunctions) {
  constexpr const char* kModel = R"(<ir_version: 8, opset_import: ["" : 17, "own" : 1]>
    g (float[2] x) => (float[2] y) <float[2] a = {1.0, 2.0}> {
      s = own.Outer <by = 3.0> (a)  r = own.Noise (a)  c = own.Circle (a)
      t = Add(x, s)  u = Add(t, r)  y = Add(u, c) }
    <domain: "own", opset_import: ["" : 17, "own" : 1]>
    Outer <by> (p) => (q) { k = Constant <value_float: float = @by> ()  m = own.Inner (p)  q = Mul (m, k) }
    <domain: "own", opset_import: ["" : 17]> Inner (p) => (q) { q = Sqrt (p) }
    <domain: "own", opset_import: ["" : 17]> Noise (p) => (q) { q = RandomNormalLike (p) }
    <domain: "own", opset_import: ["own" : 1]> Circle (p) => (q) { q = own.Circle (p) })";
  auto parsed = parse_text_model(kModel);
  ASSERT_TRUE(parsed) << parsed.error().message;
  Model& model = **parsed;
  for (const char* name : {"s", "r", "c"})
    model.graph().find(name)->type = model.graph().inputs()[0]->type;
  PassContext context;
  context.evaluate = make_evaluator(*targets().lookup("onnxruntime"));
  auto outcome = run_pass(*passes().lookup("fold_constants"), model, context);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->applied, 1U);
  EXPECT_TRUE(outcome->misses.empty()) << outcome->misses[0].reason;
  const auto tensor = model.load(*model.graph().find("s")->initializer);
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->values<float>()[0], 3.0F);
  EXPECT_EQ(tensor->values<float>()[1], 3.0F * std::sqrt(2.0F));
  for (const char* name : {"r", "c"})
    EXPECT_NE(model.graph().find(name)->producer, nullptr) << name;
}

TEST(Fold, WhatTheEngineCannotRunStays) {
  auto model = model_of(
      R"(g (float[2] x) => (float[2] y) <float[2] a = {1.0, 2.0}> { s = Foo(a)  y = Add(x, s) })");
  model->graph().find("s")->type = model->graph().inputs()[0]->type;
  PassContext context;
  context.evaluate = make_evaluator(*targets().lookup("onnxruntime"));
  auto outcome = run_pass(*passes().lookup("fold_constants"), *model, context);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->applied, 0U);
  ASSERT_EQ(outcome->misses.size(), 1U);
}

TEST(Fold, ATargetThatDoesNotRunFoldsNothing) {
  EXPECT_FALSE(make_evaluator(*targets().lookup("vsi_npu")));
}

}  // namespace
}  // namespace acuate
