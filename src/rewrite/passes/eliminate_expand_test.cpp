#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(EliminateExpand, WhatBroadcastsByItself) {
  auto model = text_model(
      R"(g (float[N,1,4] x, float[N,3,4] w, bool[4] c) => (float[N,3,4] y) <int64[3] s = {1, 3, 1}, int64[2] t = {3, 4}> {
    a = Expand(x, s)  b = Add(w, a)  d = Expand(c, t)  y = Where(d, b, w) })");
  EXPECT_EQ(apply("eliminate_expand", *model).applied, 2U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Add", "Where"}));
  EXPECT_EQ(model->graph().first()->input(1)->name, "x");
  EXPECT_EQ(model->graph().last()->input(0)->name, "c");
}

TEST(EliminateExpand, ANameThatTheOtherHas) {
  auto model = text_model(
      R"(g (float[1,4] x, float[N,4] w) => (float[N,4] y) {
    s = Shape(w)  a = Expand(x, s)  y = Mul(a, w) })");
  EXPECT_EQ(apply("eliminate_expand", *model).applied, 1U);
  EXPECT_EQ(operators(*model), std::vector<std::string>{"Mul"});
}

TEST(EliminateExpand, WhatMakesTheResultLargerStays) {
  for (
      const char* graph :
      {R"(g (float[1,4] x, float[4] w) => (float[3,4] y) <int64[2] s = {3, 4}> { a = Expand(x, s)  y = Add(a, w) })",
       R"(g (float[4] x, float[4] w) => (float[1,4] y) <int64[2] s = {1, 4}> { a = Expand(x, s)  y = Add(a, w) })",
       R"(g (float[1,4] x, float[M,4] w, int64[2] s) => (float[A,B] y) { a = Expand(x, s)  y = Add(a, w) })"}) {
    auto model = text_model(graph);
    const auto outcome = apply("eliminate_expand", *model);
    EXPECT_EQ(outcome.applied, 0U) << graph;
    EXPECT_EQ(
        reasons(outcome),
        (std::multiset<std::string>{"the result is not known to be as large without the Expand"}));
  }
}

TEST(EliminateExpand, PowKeepsIts) {
  auto model = text_model(
      R"(g (float[3,4] x, float[1,4] w) => (float[3,4] y) <int64[2] s = {3, 4}> { a = Expand(w, s)  y = Pow(x, a) })");
  EXPECT_EQ(apply("eliminate_expand", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
