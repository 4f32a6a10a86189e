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
