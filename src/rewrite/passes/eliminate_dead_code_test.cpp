#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(EliminateDeadCode, RemovesChainsAndTheirWeights) {
  auto model = text_model(
      R"(g (float[2] x) => (float[2] y) <float[2] w = {1.0, 2.0}> { a = Add(x, w)  b = Relu(a)  y = Neg(x) })");
  EXPECT_EQ(apply("eliminate_dead_code", *model).applied, 3U);
  EXPECT_EQ(operators(*model), std::vector<std::string>{"Neg"});
  EXPECT_TRUE(model->graph().initializers().empty());
}

TEST(EliminateDeadCode, WhatABodyReadsLives) {
  auto model = text_model(R"(g (float[2] x, bool c) => (float[2] y) <float[2] w = {1.0, 2.0}> {
    a = Add(x, w)  y = If (c) <then_branch = t () => (float[2] p) { p = Relu(a) }, else_branch = e () => (float[2] q) { q = Identity(x) }> })");
  EXPECT_EQ(apply("eliminate_dead_code", *model).applied, 0U);
}

TEST(EliminateDeadCode, UnusedInputsStay) {
  auto model = text_model(R"(g (float[2] x, float[2] unused) => (float[2] y) { y = Relu(x) })");
  apply("eliminate_dead_code", *model);
  EXPECT_EQ(model->graph().inputs().size(), 2U);
}

}  // namespace
}  // namespace acuate
