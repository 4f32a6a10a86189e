#include "shape/inference.h"

#include "onnx_io/import.h"
#include "shape/infer.h"
#include "shape/test_support.h"

namespace acuate {
namespace {

ValueType float_type(std::vector<Dim> dims) {
  ValueType type;
  type.kind = ValueType::Kind::Tensor;
  type.element = ElementType::Float;
  type.shape = std::move(dims);
  return type;
}

TEST(Inference, AfterAnEditOnlyWhatItReachesIsInferred) {
  Inferred m(R"((float[n,8] x, float[n,4] z) => (float[] y, float[] w) <float[8,5] k> {
    a = Relu(x) b = MatMul(a, k) y = Relu(b) c = Relu(z) w = Sigmoid(c) })");
  EXPECT_EQ(m.type("y"), "float32[n, 5]");
  EXPECT_EQ(m.shapes->update(), 0U);
  Graph& graph = m.model->graph();
  graph.set_type(*graph.find("z"), float_type({{2, {}}, {4, {}}}));
  EXPECT_EQ(m.shapes->update(), 2U);  // c and w
  EXPECT_EQ(m.type("w"), "float32[2, 4]");
  EXPECT_EQ(graph.find("w")->type.text(), "float32[2, 4]");
  EXPECT_EQ(m.type("y"), "float32[n, 5]");
}

TEST(Inference, AnEditWithoutConsequencesStops) {
  Inferred m("(float[n,8] x) => (float[] y) { a = Relu(x) b = Relu(a) y = Relu(b) }");
  Graph& graph = m.model->graph();
  graph.find("a")->producer->set_op_type("Sigmoid");
  EXPECT_EQ(m.shapes->update(), 1U);
}

TEST(Inference, NoStaleShapeSurvives) {
  Inferred m(
      "(float[2,8] x) => (float[2,8] y) { a = Relu(x) t = Transpose<perm=[1,0]>(a) y = Relu(a) }");
  Graph& graph = m.model->graph();
  graph.find("y")->producer->set_input(0, graph.find("t"));
  m.shapes->update();
  EXPECT_EQ(graph.find("y")->type.text(), "float32[8, 2]");
  EXPECT_TRUE(m.shapes->issues().empty());
}

TEST(Inference, BodiesFollowTheOuterScope) {
  Inferred m(R"((float[n,h] x, bool c) => (float[] y) {
    r = Relu(x)
    y = If (c) <then_branch = t () => (float[] a) { a = Transpose<perm=[1,0]>(r) }, else_branch = e () => (float[] b) { b = Transpose<perm=[1,0]>(r) }> })");
  EXPECT_EQ(m.type("y"), "float32[h, n]");
  Graph& graph = m.model->graph();
  graph.set_type(*graph.find("x"), float_type({{2, {}}, {3, {}}}));
  m.shapes->update();
  EXPECT_EQ(m.type("y"), "float32[3, 2]");
}

TEST(Inference, FunctionsAreInferredCallByCall) {
  auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
    g (float[n,h] x, float[k,2] z) => (float[] y, float[] w) { y = local.turn(x) w = local.turn(z) }
    <domain: "local", opset_import: ["" : 17]> turn (a) => (b) { t = Relu(a) b = Transpose<perm=[1,0]>(t) })");
  ASSERT_TRUE(model) << model.error().message;
  ShapeInference shapes(**model);
  EXPECT_EQ(shapes.type(*(*model)->graph().find("y"))->text(), "float32[h, n]");
  EXPECT_EQ(shapes.type(*(*model)->graph().find("w"))->text(), "float32[2, k]");
}

TEST(Inference, DeclaredShapesAreBelievedWhereThereIsNoRule) {
  auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17, "custom" : 1]>
    g (float[n,h] x) => (float[] y) <float[5,6] a> { a = custom.Mystery(x) y = Relu(a) })");
  ASSERT_TRUE(model) << model.error().message;
  Graph& graph = (*model)->graph();
  graph.set_type(*graph.find("a"), float_type({{5, {}}, {6, {}}}));
  ShapeInference shapes(**model);
  EXPECT_EQ(shapes.type(*graph.find("y"))->text(), "float32[5, 6]");
  EXPECT_EQ(shapes.unknown(), std::vector<const Value*>{graph.find("a")});
  // Renaming it changes nothing; another input may.
  graph.find("a")->producer->set_name("renamed");
  shapes.update();
  EXPECT_EQ(shapes.type(*graph.find("y"))->text(), "float32[5, 6]");
  graph.set_type(*graph.find("x"), float_type({{1, {}}, {2, {}}}));
  shapes.update();
  EXPECT_EQ(shapes.shape(*graph.find("y")), nullptr);
}

TEST(Inference, OutputsKeepTheNamesOfTheirDimensions) {
  Inferred m(
      "(float[n,h] x) => (float[batch,side] y) <int64[1] two = {2}, int64[1] one = {1}, int64[1] z "
      "= {0}> { s = Shape<start=1>(x) k = Div(s, two) y = Slice(x, z, k, one) }");
  EXPECT_EQ(m.type("y"), "float32[n, h//2]");
  EXPECT_EQ(m.model->graph().find("y")->type.text(), "float32[batch, side]");
}

TEST(Inference, EqualNamesMeanEqualDimensions) {
  Inferred m(
      "(float[n,h] x) => (float[] y) { i = NonZero(x) y = Relu(x) k = Concat<axis=1>(x, x) }");
  const Graph& graph = m.model->graph();
  EXPECT_EQ((*graph.find("k")->type.shape)[1].name, "2*h");
  EXPECT_EQ((*graph.find("i")->type.shape)[1], Dim());  // known to the engine alone
}

TEST(Inference, AModelOutOfOrderOrWithACycleEnds) {
  Inferred m("(float[n] x) => (float[] y) { a = Relu(x) b = Add(a, x) y = Relu(b) }");
  Graph& graph = m.model->graph();
  graph.move_before(*graph.find("y")->producer, graph.first());
  graph.find("a")->producer->set_input(0, graph.find("y"));
  m.shapes->update();
  graph.find("a")->producer->set_input(0, graph.find("x"));
  m.shapes->update();
  EXPECT_EQ(m.type("y"), "float32[n]");
}

TEST(Inference, AFunctionThatCallsItselfEnds) {
  auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
    g (float[n,h] x) => (float[] y) { y = local.f(x) }
    <domain: "local", opset_import: ["" : 17, "local" : 1]> f (a) => (b) { b = local.f(a) })");
  ASSERT_TRUE(model) << model.error().message;
  ShapeInference shapes(**model);
  EXPECT_EQ(shapes.shape(*(*model)->graph().find("y")), nullptr);
}

TEST(Inference, CheckingChangesNothing) {
  const auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[2,3] x, float[4] w) => (float[] y) { a = Relu(x) y = Add(a, w) })");
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(check_shapes(**model).issues.size(), 1U);
  EXPECT_EQ((*model)->graph().find("a")->type.kind, ValueType::Kind::Unknown);
  EXPECT_FALSE((*model)->is_tracking_changes());
  EXPECT_EQ(infer_shapes(**model).issues.size(), 1U);
}

TEST(Inference, AModelHasOneReader) {
  Inferred m("(float[n] x) => (float[] y) { y = Relu(x) }");
  EXPECT_THROW(ShapeInference second(*m.model), InternalError);
}

}  // namespace
}  // namespace acuate
