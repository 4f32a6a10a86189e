#include <gmock/gmock.h>

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

TEST(SetAttr, TakesTheTypeOfThePrefixOrTheLiteral) {
  std::unique_ptr<Model> model;
  const Node* node = node_after(model,
                                "set-attr h a int:1\nset-attr h b ints:[]\nset-attr h c floats:[1, "
                                "2.5]\nset-attr h d string:1\n"
                                "set-attr h e strings:[\"x y\", z]\nset-attr h alpha int:3");
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
  EXPECT_THAT(refusal(kModel, "set-attr h c ints:[[1], [2]]"),
              HasSubstr("expected a value of type ints"));
}

}  // namespace
}  // namespace acuate
