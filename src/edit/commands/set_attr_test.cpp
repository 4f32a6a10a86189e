#include <gmock/gmock.h>
#include <onnx/onnx_pb.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N, 4] x) => (float[N, 4] y) <float[N, 4] h> {
    [h] h = Elu <alpha: float = 0.5> (x)
    [s] y = Softmax <axis: int = 1> (h)
  })";

const Node* node_after(std::unique_ptr<Model>& model, std::string_view script) {
  auto result = apply_script(*text_model(kModel), script, {});
  EXPECT_TRUE(result) << result.error().message;
  model = *std::move(result);
  return model->graph().first();
}

TEST(SetAttr, TakesTheTypeThatTheAttributeHas) {
  std::unique_ptr<Model> model;
  EXPECT_EQ(node_after(model, "set-attr h alpha 2")->attribute("alpha")->as_float(), 2.0F);
  EXPECT_EQ(node_after(model, "set-attr s axis -1")->next()->int_attribute("axis", 7), -1);
  EXPECT_EQ(model->graph().outputs()[0]->type.shape, std::nullopt);
}

TEST(SetAttr, TakesTheTypeThatTheOperatorDeclares) {
  const auto model = text_model("agraph (float[N] x) => (float[N] y) { y = Elu (x) }");
  const auto result = apply_script(*model, "set-attr @y alpha 1", {});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ((*result)->graph().first()->attribute("alpha")->as_float(), 1.0F);
}

TEST(SetAttr, BodiesStay) {
  EXPECT_THAT(refusal(R"(agraph (float[N] x, bool c) => (float[N] y) {
      y = If (c) <then_branch = t () => (float[N] a) { a = Neg (x) },
                  else_branch = e () => (float[N] b) { b = Abs (x) }> })",
                      "set-attr @y then_branch int:1"),
              HasSubstr("holds a body"));
}

constexpr const char* kForeign = R"(
  agraph (float[N, 4] x) => (float[N, 4] y) { [h] y = com.microsoft.Own (x) })";

TEST(SetAttr, WithoutASchemaThePrefixOrTheLiteralDecides) {
  const auto source = text_model(kForeign);
  const auto model = apply_script(*source,
                                  "set-attr h a int:1\nset-attr h b ints:[]\n"
                                  "set-attr h c floats:[1, 2.5]\nset-attr h d string:1\n"
                                  "set-attr h e [\"x y\", z]\nset-attr h alpha 3",
                                  {});
  ASSERT_TRUE(model) << model.error().message;
  const Node* node = (*model)->graph().first();
  EXPECT_EQ(node->attribute("a")->as_int(), 1);
  EXPECT_EQ(node->attribute("b")->as_ints(), std::vector<int64_t>{});
  EXPECT_EQ(node->attribute("c")->as_floats(), (std::vector<float>{1, 2.5}));
  EXPECT_EQ(node->attribute("d")->as_string(), "1");
  EXPECT_EQ(node->attribute("e")->as_strings(), (std::vector<std::string_view>{"x y", "z"}));
  EXPECT_EQ(node->attribute("alpha")->as_int(), 3);
}

TEST(SetAttr, RefusesOtherTypesAndUnknownNames) {
  EXPECT_EQ(refusal(kModel, "set-attr s axis 1.5"),
            "line 1, column 17: set-attr: found '1.5' for 'axis'; expected a value of type int");
  EXPECT_THAT(refusal(kModel, "set-attr s axis [1]"), HasSubstr("expected a value of type int"));
  EXPECT_THAT(refusal(kModel, "set-attr h alpha x"), HasSubstr("expected a value of type float"));
  EXPECT_THAT(refusal(kModel, "set-attr h alpha 1e300"), HasSubstr("beyond float32"));
  EXPECT_THAT(refusal(kModel, "set-attr s axes 1"),
              HasSubstr("Softmax has no attribute 'axes'; did you mean 'axis'?"));
  EXPECT_THAT(refusal(kModel, "set-attr h alpha int:1"),
              HasSubstr("found int: for 'alpha'; expected a value of type float"));
  EXPECT_THAT(refusal(kForeign, "set-attr h c ints:[[1], [2]]"),
              HasSubstr("expected a value of type ints"));
}

TEST(SetAttr, TensorsAndTypes) {
  EXPECT_THAT(edited(kForeign, "set-attr h t tensor:float16:[[1, 65504]]"),
              HasSubstr("t: tensor = float16[1,2]"));
  EXPECT_THAT(edited(kForeign, "set-attr h t type_proto:sequence(float32[1, n])"),
              HasSubstr("t: type_proto = seq(float[1,n])"));
  EXPECT_THAT(edited("agraph () => (float[2] y) { y = Constant <value = float[2] {1, 2}> () }",
                     "set-attr @y value [3, 4.5]"),
              HasSubstr("value: tensor = float[2]"));
}

const onnx::AttributeProto attribute_after(std::string_view script) {
  const auto source = text_model(kForeign);
  const auto model = apply_script(*source, script, {});
  EXPECT_TRUE(model) << model.error().message;
  onnx::AttributeProto proto;
  const Bytes wire = (*model)->graph().first()->attributes().back().wire;
  EXPECT_TRUE(proto.ParseFromArray(wire.data(), static_cast<int>(wire.size())));
  return proto;
}

TEST(SetAttr, SparseTensorsAndLists) {
  const auto sparse = attribute_after("set-attr h s sparse_tensor:float32[3, 4]:[0.5, 2]:[3, 11]");
  EXPECT_EQ(sparse.type(), onnx::AttributeProto::SPARSE_TENSOR);
  EXPECT_EQ(sparse.sparse_tensor().dims(1), 4);
  EXPECT_EQ(sparse.sparse_tensor().values().dims(0), 2);
  EXPECT_EQ(sparse.sparse_tensor().indices().data_type(), onnx::TensorProto::INT64);
  const auto tensors = attribute_after("set-attr h l tensors:[int8:[1, 2], 3.5]");
  EXPECT_EQ(tensors.type(), onnx::AttributeProto::TENSORS);
  ASSERT_EQ(tensors.tensors_size(), 2);
  EXPECT_EQ(tensors.tensors(0).data_type(), onnx::TensorProto::INT8);
  EXPECT_EQ(tensors.tensors(1).dims_size(), 0);
  const auto types = attribute_after("set-attr h l type_protos:[float32[1, 2], optional(int64[])]");
  ASSERT_EQ(types.type_protos_size(), 2);
  EXPECT_EQ(types.type_protos(0).tensor_type().shape().dim_size(), 2);
  EXPECT_THAT(refusal(kForeign, "set-attr h s sparse_tensor:float32[3, 4]:[0.5, 2]:[3, 12]"),
              HasSubstr("found the index 12; expected one from 0 to 11"));
  EXPECT_THAT(refusal(kForeign, "set-attr h s sparse_tensor:float32[3]:[0.5, 2]:[[3]]"),
              HasSubstr("found values of shape 2 and indices of shape 1x1"));
}

TEST(SetAttr, BodiesComeFromText) {
  const char* choose = R"(agraph (float[N] x, bool c) => (float[N] y) {
      h = Relu (x)
      y = If (c) <then_branch = t () => (float[N] a) { a = Neg (h) },
                  else_branch = e () => (float[N] b) { b = Abs (x) }> })";
  const std::string text = edited(
      choose, R"(set-attr @y then_branch graph:text:"() => (a) { k = Exp (h)  a = Sqrt (k) }")");
  EXPECT_THAT(text, testing::AllOf(HasSubstr("k = Exp (h)"), HasSubstr("a = Sqrt (k)"),
                                   testing::Not(HasSubstr("Neg"))));
  EXPECT_THAT(refusal(choose, R"(set-attr @y then_branch graph:text:"() => (a) { a = Exp (q) }")"),
              HasSubstr("it reads 'q', which is not defined"));
  // The other branch is out of sight; what stands around is not.
  EXPECT_THAT(edited(choose, R"(set-attr @y then_branch graph:text:"() => (b) { b = Exp (h) }")"),
              HasSubstr("b = Exp (h)"));
  EXPECT_THAT(refusal(choose, R"(set-attr @y then_branch graph:text:"() => (h) { h = Exp (x) }")"),
              HasSubstr("both have value 'h'"));
  EXPECT_THAT(refusal(choose, R"(set-attr @y then_branch graph:text:"() => (a) { a = Exp h }")"),
              HasSubstr("ONNX text"));
}

TEST(SetAttr, ReferencesNeedAFunction) {
  EXPECT_THAT(refusal(kModel, "set-attr h alpha ref:a"), HasSubstr("stands in none"));
}

}  // namespace
}  // namespace acuate
