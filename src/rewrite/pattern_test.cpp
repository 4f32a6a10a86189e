#include "rewrite/pattern.h"

#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// What match_pattern says about the last node: `yes`, or the nearest miss.
std::string matched(const char* pattern, const Model& model, Match* out = nullptr) {
  static std::vector<std::unique_ptr<Pattern>> kept;  // a match refers to its pattern
  kept.push_back(std::make_unique<Pattern>(pattern));
  Match match;
  const auto reason = match_pattern({kept.back().get(), 1}, *model.graph().last(), match);
  if (out != nullptr) *out = match;
  return reason ? *reason : "yes";
}

TEST(Pattern, OperandsInEitherOrderWithBacktracking) {
  // The first Mul must take `s`, not `x`, as its own x.
  auto model = text_model(R"(g (float[2] x, float[2] s) => (float[2] y) {
    t = Tanh(s)  m = Mul(x, s)  y = Mul(m, t) })");
  Match match;
  EXPECT_EQ(matched("Mul(Tanh(a), Mul(a, b))", *model, &match), "yes");
  EXPECT_EQ(match["a"]->name, "s");
  EXPECT_EQ(match["b"]->name, "x");
  EXPECT_EQ(match.nodes().size(), 3U);
  EXPECT_EQ(match["nothing"], nullptr);
}

TEST(Pattern, SubtractionIsNotCommutative) {
  auto model = text_model("g (float[2] x) => (float[2] y) { t = Tanh(x)  y = Sub(x, t) }");
  EXPECT_EQ(matched("Sub(x, Tanh(x))", *model), "yes");
  EXPECT_NE(matched("Sub(Tanh(x), x)", *model), "yes");
}

TEST(Pattern, ConstantsByValueAndPrecision) {
  auto model = text_model(
      R"(g (float[2] x) => (float[2] y) <float k = {1.4142}, float[1,1] two = {2.0}> { m = Div(x, k)  y = Mul(m, two) })");
  EXPECT_EQ(matched("Mul(Div(x, 1.41421), 2)", *model), "yes");
  EXPECT_EQ(matched("Mul(Div(x, #k), #two)", *model), "yes");
  EXPECT_EQ(matched("Mul(Div(x, 1.4143), 2)", *model), "'k' is not the constant 1.414300");
  EXPECT_EQ(matched("Mul(Div(#c, k), 2)", *model), "'x' is not a constant of one element");
}

TEST(Pattern, OptionalNodesAndAlternatives) {
  const char* pattern = "Mul(Cast?((Tanh(x) | Sigmoid(x))), 2)";
  for (const char* nodes : {"t = Tanh(x)  y = Mul(t, two)", "t = Sigmoid(x)  y = Mul(t, two)",
                            "t = Tanh(x)  c = Cast<to = 1>(t)  y = Mul(c, two)"}) {
    std::string text = "g (float[2] x) => (float[2] y) <float two = {2.0}> { ";
    auto model = text_model(text.append(nodes).append(" }"));
    EXPECT_EQ(matched(pattern, *model), "yes") << nodes;
  }
  auto model = text_model(
      "g (float[2] x) => (float[2] y) <float two = {2.0}> { t = Relu(x)  y = Mul(t, two) }");
  EXPECT_EQ(matched(pattern, *model), "");  // a Mul alone is no near miss
}

TEST(Pattern, OpenOperandsTakeMore) {
  auto model = text_model(
      "g (float[2] x) => (float[2] y) <float low = {0.0}> { t = Clip(x, low)  y = Neg(t) }");
  EXPECT_EQ(matched("Neg(Clip(x, ...))", *model), "yes");
  EXPECT_NE(matched("Neg(Clip(x))", *model), "yes");
}

TEST(Pattern, WhatOthersReadKeepsItApart) {
  auto shared = text_model(R"(g (float[2] x) => (float[2] y, float[2] z) {
    t = Tanh(x)  m = Mul(x, t)  z = Neg(t)  y = Relu(m) })");
  EXPECT_EQ(matched("Relu(Mul(x, Tanh(x)))", *shared), "'t' has another use");
  auto visible = text_model(
      "g (float[2] x) => (float[2] y, float[2] t) { t = Tanh(x)  m = Mul(x, t)  y = Relu(m) }");
  EXPECT_EQ(matched("Relu(Mul(x, Tanh(x)))", *visible), "'t' has another use");
  auto twice =
      text_model("g (float[2] x) => (float[2] y) { t = Tanh(x)  m = Mul(t, t)  y = Relu(m) }");
  EXPECT_EQ(matched("Relu(Mul(t=Tanh(x), t))", *twice), "yes");
}

TEST(Pattern, TheRootStandsForAll) {
  auto model = text_model(R"(g (float[2] x) => (float[2] y) {
    [first] t = Tanh(x)  [last] y = Mul(x, t) })");
  Match match;
  ASSERT_EQ(matched("Mul(x, Tanh(x))", *model, &match), "yes");
  match.replace("Mish", {match["x"]});
  ASSERT_EQ(operators(*model), std::vector<std::string>{"Mish"});
  EXPECT_EQ(model->graph().first()->name(), "last");
  EXPECT_EQ(model->graph().first()->output()->name, "y");
  EXPECT_EQ(model->graph().find("t"), nullptr);
  EXPECT_EQ(origins(*model->graph().first()), (std::vector<std::string>{"first", "last"}));
  EXPECT_TRUE(verify(*model).empty());
}

TEST(Pattern, AMalformedTextIsOurBug) {
  for (const char* text : {"", "Mul(x", "Mul(x,)", "Mul x", "Cast?(x, y)", "(x | ", "Mul(x, y))"})
    EXPECT_THROW(Pattern{text}, InternalError) << text;
}

}  // namespace
}  // namespace acuate
