#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

// Stands in for an engine: adds two vectors, which is all that these models fold. Counts its calls.
PassContext adder(int& calls) {
  PassContext context;
  context.evaluate = [&calls](const Model& model) -> Result<std::vector<Tensor>> {
    ++calls;
    EXPECT_TRUE(model.graph().inputs().empty());
    std::map<const Value*, std::vector<float>> values;
    for (const Value* value : model.graph().initializers())
      values[value] = constant_values(model, value);
    for (const Node* node = model.graph().first(); node != nullptr; node = node->next()) {
      EXPECT_EQ(node->op_type(), "Add");
      for (size_t i = 0; i < 2; ++i)
        values[node->output()].push_back(values[node->input(0)][i] + values[node->input(1)][i]);
    }
    std::vector<Tensor> out;
    for (const Value* output : model.graph().outputs())
      out.push_back(Tensor::of<float>({2}, std::span<const float>(values[output])));
    return out;
  };
  return context;
}

constexpr const char* kChain =
    R"(g (float[2] x) => (float[2] y, float[2] z) <float[2] a = {1.0, 2.0}, float[2] b = {3.0, 4.0}> {
    s = Add(a, b)  t = Add(s, b)  y = Add(x, t)  z = Mul(x, s) })";

TEST(FoldConstants, OneRunForAll) {
  auto model = text_model(kChain);
  int calls = 0;
  EXPECT_EQ(apply("fold_constants", *model, adder(calls)).applied, 2U);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Add", "Mul"}));
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(1)), (std::vector<float>{7, 10}));
}

TEST(FoldConstants, WithoutEngineNothingIsRun) {
  auto model = text_model(kChain);
  EXPECT_EQ(apply("fold_constants", *model).applied, 0U);
}

TEST(FoldConstants, ResultsThatGrowTheModelStay) {
  auto model = text_model(
      R"(g (float[1000,1000] x) => (float[1000,1000] y) <float[1] a = {1.0}, int64[2] s = {1000, 1000}> { e = Expand(a, s)  y = Add(x, e) })");
  int calls = 0;
  const auto outcome = apply("fold_constants", *model, adder(calls));
  EXPECT_EQ(calls, 0);
  ASSERT_EQ(outcome.misses.size(), 1U);
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("would grow the model"));
}

TEST(FoldConstants, WhatFeedsAResultOfUnknownSizeIsFolded) {
  auto model = text_model(
      R"(g (float[2] x) => (float[2] y, float[N] z) <float[2] a = {1.0, 2.0}, float[2] b = {3.0, 4.0}, int64[2] s = {-1, 1}> {
    t = Add(a, b)  z = NoSuchOperator(t, s)  u = OtherOperator(t)  w = Relu(u)  y = Add(x, w) })");
  model->graph().find("u")->type = {};
  model->graph().find("w")->type = {};
  int calls = 0;
  EXPECT_EQ(apply("fold_constants", *model, adder(calls)).applied, 1U);
  EXPECT_EQ(model->graph().find("u")->producer->input(0)->initializer.has_value(), true);
}

TEST(FoldConstants, RandomAndInputDependentNodesStay) {
  auto model = text_model(
      R"(g (float[2] x) => (float[2] y) { r = RandomNormal<shape = [2]>()  y = Add(x, r) })");
  int calls = 0;
  EXPECT_EQ(apply("fold_constants", *model, adder(calls)).applied, 0U);
  EXPECT_EQ(calls, 0);
}

TEST(FoldConstants, ShapeOfAStaticTensorNeedsNoEngine) {
  auto model = text_model(
      R"(g (float[2,3,4] x, float[12,2] v) => (float[] r) { s = Shape<start = -2>(x)  r = Reshape(x, s) })");
  EXPECT_EQ(apply("fold_constants", *model).applied, 1U);
  const auto tensor = model->load(*model->graph().first()->input(1)->initializer);
  EXPECT_EQ(tensor->values<int64_t>()[0], 3);
  EXPECT_EQ(tensor->values<int64_t>()[1], 4);
}

TEST(FoldConstants, ShapeOfADynamicTensorStays) {
  auto model = text_model(R"(g (float[N,3] x) => (float[] r) { s = Shape(x)  r = Reshape(x, s) })");
  EXPECT_EQ(apply("fold_constants", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
