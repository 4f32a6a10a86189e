#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

std::vector<std::string> operators_in(const Node& node, const char* attribute) {
  std::vector<std::string> out;
  const Graph& body = *node.attribute(attribute)->graphs[0];
  for (const Node* inner = body.first(); inner != nullptr; inner = inner->next())
    out.emplace_back(inner->op_type());
  return out;
}

TEST(DropUnreadResults, OfBothBranches) {
  auto model = text_model(R"(g (float[2] x, bool c) => (float[2] y) <float[2] w = {1.0, 2.0}> {
    t = Neg(x)
    [pick] a, y, b = If (c) <
      then_branch = th () => (float[2] p, float[2] q, float[2] r) { u = Abs(t)  p = Exp(u)  q = Add(u, w)  r = Cos(x) },
      else_branch = el () => (float[2] s, float[2] v, float[2] s2) { s = Sin(x)  v = Sqrt(x)  s2 = Neg(s) }> })");
  EXPECT_EQ(apply("drop_unread_results", *model).applied, 2U);
  const Node& node = *model->graph().last();
  EXPECT_EQ(node.name(), "pick");
  ASSERT_EQ(node.outputs().size(), 1U);
  EXPECT_EQ(node.output()->name, "y");
  EXPECT_EQ(operators_in(node, "then_branch"), (std::vector<std::string>{"Abs", "Add"}));
  EXPECT_EQ(operators_in(node, "else_branch"), std::vector<std::string>{"Sqrt"});
  EXPECT_EQ(node.attribute("then_branch")->graphs[0]->outputs().size(), 1U);
  EXPECT_EQ(apply("drop_unread_results", *model).applied, 0U);
}

// `s` is read outside and computed from `u`; `v` and its row only feed themselves.
TEST(DropUnreadResults, WhatALoopCarriesForItselfAlone) {
  auto model = text_model(
      R"(g (float[2] x, int64 n) => (float[2] y, float[K,2] rows) <bool yes = {1}> {
    k = Abs(x)  m = Exp(x)
    y, b, d, rows, more = Loop (n, yes, x, k, m) <body = b (int64 i, bool c, float[2] s, float[2] u, float[2] v)
      => (bool go, float[2] s2, float[2] u2, float[2] v2, float[2] row, float[2] row2) {
      go = Identity(c)  s2 = Add(s, u)  u2 = Neg(u)  v2 = Sin(v)  row = Identity(s)  row2 = Cos(v) }> })");
  EXPECT_EQ(apply("drop_unread_results", *model).applied, 2U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Abs", "Loop"}));
  const Node& loop = *model->graph().last();
  EXPECT_EQ(loop.input_count(), 4U);
  ASSERT_EQ(loop.outputs().size(), 3U);
  EXPECT_EQ(loop.output(2)->name, "rows");
  const Graph& body = *loop.attribute("body")->graphs[0];
  EXPECT_EQ(body.inputs().size(), 4U);
  EXPECT_EQ(body.outputs().size(), 4U);
  EXPECT_EQ(operators_in(loop, "body"),
            (std::vector<std::string>{"Identity", "Add", "Neg", "Identity"}));
}

// The condition is computed from what is carried, and a body within reads it.
TEST(DropUnreadResults, WhatIsNeededStays) {
  auto model = text_model(R"(g (float[2] x, float z, bool c) => (float[2] y) {
    y, a, b = Loop (, c, x, z, z) <body = b (int64 i, bool e, float[2] s, float l, float m) => (bool go, float[2] s2, float l2, float m2) {
      go = Less(l, z)  l2 = Neg(l)  m2 = Cos(m)
      s2 = If (e) <then_branch = t () => (float[2] p) { p = Mul(s, m) }, else_branch = f () => (float[2] q) { q = Neg(s) }> }> })");
  EXPECT_EQ(apply("drop_unread_results", *model).applied, 0U);
}

TEST(DropUnreadResults, BodiesWithinKeepWhatTheyRead) {
  auto model = text_model(R"(g (float[2] x, bool c) => (float[2] y) <float[2] w = {1.0, 2.0}> {
    t = Neg(x)
    a, y = If (c) <
      then_branch = th () => (float[2] p, float[2] q) {
        p = Exp(t)
        q, o = If (c) <then_branch = t2 () => (float[2] r, float[2] r2) { r = Add(t, w)  r2 = Sin(x) },
                       else_branch = e2 () => (float[2] s, float[2] s2) { s = Abs(x)  s2 = Cos(x) }> },
      else_branch = el () => (float[2] u, float[2] v) { u = Sin(x)  v = Sqrt(x) }> })");
  EXPECT_EQ(apply("drop_unread_results", *model).applied, 2U);
  const Node& outer = *model->graph().last();
  EXPECT_EQ(operators_in(outer, "then_branch"), std::vector<std::string>{"If"});
  const Node& inner = *outer.attribute("then_branch")->graphs[0]->first();
  EXPECT_EQ(operators_in(inner, "then_branch"), std::vector<std::string>{"Add"});
  EXPECT_EQ(inner.outputs().size(), 1U);
}

}  // namespace
}  // namespace acuate
