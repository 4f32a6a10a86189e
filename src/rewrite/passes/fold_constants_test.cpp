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

TEST(FoldConstants, ManyResultsComeInParts) {
  std::string text = "g (float[2] x) => (float[2] y) <float[2] a = {1.0, 2.0}> { c0 = Add(a, a)\n";
  std::string sums = "y0 = Add(x, c0)\n";
  for (int i = 1; i < 600; ++i) {  // each result needs the one before, and is read outside
    text += fmt::format("c{} = Add(c{}, a)\n", i, i - 1);
    sums += fmt::format("y{} = Add(y{}, c{})\n", i, i - 1, i);
  }
  auto model = text_model(text + sums + "y = Relu(y599) }");
  int calls = 0;
  EXPECT_EQ(apply("fold_constants", *model, adder(calls)).applied, 600U);
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(constant_values(*model, model->graph().find("c599")), (std::vector<float>{601, 1202}));
}

TEST(FoldConstants, WhatTheEngineRefusesStaysAlone) {
  auto model = text_model(
      R"(g (float[2] x) => (float[2] y, float[2] z) <float[2] a = {1.0, 2.0}> {
    s = Add(a, a)  r = Mul(a, a)  q = Add(r, a)  t = Add(s, s)  y = Add(x, t)  z = Add(x, q) })");
  int calls = 0;
  PassContext context = adder(calls);
  context.evaluate = [add = context.evaluate](const Model& part) -> Result<std::vector<Tensor>> {
    for (const Node* node = part.graph().first(); node != nullptr; node = node->next())
      if (node->is_op("Mul")) return fail("no Mul here");
    return add(part);
  };
  const auto outcome = apply("fold_constants", *model, context);
  EXPECT_EQ(outcome.applied, 1U);
  ASSERT_EQ(outcome.misses.size(), 1U);
  EXPECT_EQ(outcome.misses[0].node, "@r");
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("no Mul here"));
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Mul", "Add", "Add", "Add"}));
}

TEST(FoldConstants, QuantizedConstantsStay) {
  auto model = text_model(
      R"(g (float[2] x) => (float[2] y) <int8[2] w = {1, 2}, float s = {0.5}> { d = DequantizeLinear(w, s)  y = Add(x, d) })");
  int calls = 0;
  EXPECT_EQ(apply("fold_constants", *model, adder(calls)).applied, 0U);
  EXPECT_EQ(calls, 0);
}

TEST(FoldConstants, InBodiesToo) {
  auto model = text_model(R"(g (float[2] x, bool c) => (float[2] y) <float[2] a = {1.0, 2.0}> {
    y = If (c) <then_branch = t () => (float[2] p) { s = Add(a, a)  p = Add(x, s) }, else_branch = e () => (float[2] q) { q = Neg(x) }> })");
  int calls = 0;
  EXPECT_EQ(apply("fold_constants", *model, adder(calls)).applied, 1U);
  EXPECT_EQ(model->graph().first()->attribute("then_branch")->graphs[0]->node_count(), 1U);
}

}  // namespace
}  // namespace acuate
