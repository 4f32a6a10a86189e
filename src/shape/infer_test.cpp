#include "shape/infer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "onnx_io/import.h"
#include "onnx_io/text_form.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_of(const char* text) {
  auto model = parse_text_model(text);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return std::move(*model);
}

TEST(Infer, StaticInputsGiveStaticShapes) {
  auto model = model_of(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,3,8,8] x, float[4,3,3,3] w) => (float[] y) { c = Conv<pads=[1,1,1,1], strides=[2,2]>(x, w)  y = Relu(c) })");
  const auto result = infer_shapes(*model);
  EXPECT_TRUE(result.issues.empty());
  EXPECT_EQ(model->graph().find("c")->type.text(), "float32[1, 4, 4, 4]");
  EXPECT_EQ(model->graph().find("y")->type.text(), "float32[1, 4, 4, 4]");
}

TEST(Infer, ShapeDataFlowsThroughScaffolds) {
  auto model = model_of(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[2,3,4] x) => (float[] y) <int64[1] zero = {0}, int64[1] rest = {-1}> {
      s = Shape(x)  b = Gather(s, zero)  t = Concat<axis=0>(b, rest)  y = Reshape(x, t) })");
  infer_shapes(*model);
  EXPECT_EQ(model->graph().find("y")->type.text(), "float32[2, 12]");
}

TEST(Infer, BodiesAreInferred) {
  auto model = model_of(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[5] x, bool c) => (float[] y) {
      y = If (c) <then_branch = t () => (float[] a) { a = Concat<axis=0>(x, x) }, else_branch = e () => (float[] b) { b = Concat<axis=0>(x, x) }>
    })");
  EXPECT_TRUE(infer_shapes(*model).issues.empty());
  EXPECT_EQ(model->graph().find("y")->type.text(), "float32[10]");
}

TEST(Infer, ContradictionsAreIssues) {
  auto model = model_of(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[2,3] x, float[4,5] w) => (float[7] z) { y = MatMul(x, w)  z = Relu(x) })");
  const auto result = infer_shapes(*model);
  ASSERT_EQ(result.issues.size(), 2U);
  for (const auto& issue : result.issues) EXPECT_EQ(issue.id, "type_mismatch");
  EXPECT_THAT(result.issues[1].message, testing::HasSubstr("declared float32[7]"));
}

TEST(Infer, DetectorBecomesStaticFromItsInput) {
  auto model = import_model(std::string(ACUATE_FIXTURES) + "/ppocr_v4_det.onnx");
  ASSERT_TRUE(model) << model.error().message;
  Graph& graph = (*model)->graph();
  ValueType type = graph.inputs()[0]->type;
  type.wire = {};
  type.shape = std::vector<Dim>{{1, {}}, {3, {}}, {640, {}}, {480, {}}};
  graph.clear_inferred_types();
  graph.set_type(*graph.inputs()[0], type);
  const auto result = infer_shapes(**model);
  EXPECT_TRUE(result.issues.empty());
  for (const Node* node = graph.first(); node != nullptr; node = node->next())
    EXPECT_TRUE(node->output()->type.is_static())
        << node->address() << " " << node->output()->type.text();
  EXPECT_EQ(graph.outputs()[0]->type.text(), "float32[1, 1, 640, 480]");
}

}  // namespace
}  // namespace acuate
