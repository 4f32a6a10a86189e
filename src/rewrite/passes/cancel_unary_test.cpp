#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(CancelUnary, TwiceIsNone) {
  auto model = text_model(
      R"(g (float[N] x, bool[N] c) => (float[N] y, bool[N] d) { a = Neg(x)  b = Neg(a)  y = Exp(b)  e = Not(c)  f = Not(e)  g1 = Not(f)  d = Identity(g1) })");
  EXPECT_EQ(apply("cancel_unary", *model).applied, 2U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Exp", "Not", "Identity"}));
}

TEST(CancelUnary, TwiceIsOnce) {
  auto model = text_model(
      R"(g (float[N] x) => (float[N] y) { a = Relu(x)  b = Relu(a)  c = Abs(b)  y = Abs(c) })");
  EXPECT_EQ(apply("cancel_unary", *model).applied, 2U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Relu", "Abs"}));
  EXPECT_EQ(model->graph().outputs()[0]->name, "y");
}

TEST(CancelUnary, ALongChainTakesOneSweep) {
  std::string text = "g (float[N] x) => (float[N] y) { n0 = Neg(x)\n";
  for (int i = 1; i < 3001; ++i) text += fmt::format("n{} = Neg(n{})\n", i, i - 1);
  auto model = text_model(text + "y = Exp(n3000) }");
  EXPECT_EQ(apply("cancel_unary", *model).applied, 1500U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Neg", "Exp"}));
}

TEST(CancelUnary, WhatAnOutputShowsAndWhatRoundsStays) {
  auto model = text_model(
      R"(g (float[N] x) => (float[N] y, float[N] z) { y = Reciprocal(x)  z = Reciprocal(y) })");
  EXPECT_EQ(apply("cancel_unary", *model).applied, 0U);
  model = text_model(R"(g (float[N] x) => (float[N] y, float[N] z) { y = Neg(x)  z = Neg(y) })");
  const auto outcome = apply("cancel_unary", *model);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_EQ(outcome.misses.size(), 1U);  // an input cannot be an output under another name
}

}  // namespace
}  // namespace acuate
