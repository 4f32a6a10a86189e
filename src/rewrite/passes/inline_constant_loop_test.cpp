#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

std::string loop(const std::string& operands,
                 const std::string& body_inputs = "int64 i, bool c, float[2] s") {
  return "g (float[2] x, int64 n, bool go) => (float[2] y, float[K,2] rows) <int64 one = {1}, "
         "int64 none "
         "= {0}, bool yes = {1}, bool no = {0}> { y, rows = Loop (" +
         operands + ") <body = b (" + body_inputs +
         R"() => (bool d, float[2] t, float[2] row) {
      d = Identity(c)  f = Cast<to = 1>(i)  t = Add(s, f)  row = Mul(t, x) }> })";
}

TEST(InlineConstantLoop, OneRun) {
  auto model = text_model(loop("one, yes, x"));
  EXPECT_EQ(apply("inline_constant_loop", *model).applied, 1U);
  ASSERT_EQ(operators(*model),
            (std::vector<std::string>{"Identity", "Cast", "Add", "Mul", "Unsqueeze"}));
  const auto& outputs = model->graph().outputs();
  EXPECT_EQ(outputs[0]->name, "y");
  EXPECT_EQ(outputs[0]->producer->op_type(), "Add");
  EXPECT_EQ(outputs[0]->producer->input(0)->name, "x");
  EXPECT_EQ(outputs[1]->name, "rows");
  EXPECT_EQ(outputs[1]->producer->op_type(), "Unsqueeze");
  const Node* cast = outputs[0]->producer->input(1)->producer;
  EXPECT_TRUE(cast->input(0)->initializer->shape.empty());
}

TEST(InlineConstantLoop, TheNumberOfTheRunHasTheShapeThatTheBodyDeclares) {
  auto model = text_model(loop("one,, x", "int64[1] i, bool[1] c, float[2] s"));
  EXPECT_EQ(apply("inline_constant_loop", *model).applied, 1U);
  for (const Node* node : model->graph().nodes())
    if (node->is_op("Cast")) {
      EXPECT_EQ(node->input(0)->initializer->shape, Shape{1});
    }
}

TEST(InlineConstantLoop, ABodyThatStopsAfterItsFirstRun) {
  for (const char* limit : {"", "one", "many"}) {
    auto model = text_model(
        std::string(
            R"(g (float[2] x) => (float[2] y) <int64 one = {1}, int64 many = {9}, bool no = {0}> {
      y = Loop ()") +
        limit +
        R"(,, x) <body = b (int64 i, bool c, float[2] s) => (bool no, float[2] t) { t = Neg(s) }> })");
    EXPECT_EQ(apply("inline_constant_loop", *model).applied, 1U) << limit;
    EXPECT_EQ(operators(*model), std::vector<std::string>{"Neg"}) << limit;
  }
}

TEST(InlineConstantLoop, NoRun) {
  for (const char* operands : {"none, go, x", "n, no, x"}) {
    auto model = text_model(
        std::string(
            R"(g (float[2] x, int64 n, bool go) => (float[2] y) <int64 none = {0}, bool no = {0}> {
      z = Loop ()") +
        operands +
        R"() <body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t) { d = Identity(c)  t = Neg(s) }>  y = Relu(z) })");
    EXPECT_EQ(apply("inline_constant_loop", *model).applied, 1U);
    ASSERT_EQ(operators(*model), std::vector<std::string>{"Relu"});
    EXPECT_EQ(model->graph().first()->input(0)->name, "x");
  }
}

TEST(InlineConstantLoop, NamesStayUniqueAndNestedOnesGoToo) {
  auto model = text_model(R"(g (float[2] x) => (float[2] y) <int64 one = {1}> {
    t = Neg(x)
    y = Loop (one,, t) <body = b (int64 i, bool c, float[2] s) => (bool d, float[2] r) {
      d = Identity(c)
      r = Loop (one,, s) <body = b2 (int64 j, bool e, float[2] u) => (bool f, float[2] v) { f = Identity(e)  w = Add(u, t)  v = Exp(w) }> }> })");
  EXPECT_EQ(apply("inline_constant_loop", *model).applied, 2U);
  ASSERT_EQ(operators(*model),
            (std::vector<std::string>{"Neg", "Identity", "Identity", "Add", "Exp"}));
  const Node* add = model->graph().last()->previous();
  EXPECT_EQ(add->input(0)->name, "t");
  EXPECT_EQ(add->input(1)->name, "t");
}

TEST(InlineConstantLoop, NoNameHidesAnother) {
  auto model = text_model(R"(g (float[2] x, int64 n) => (float[2] y) <int64 one = {1}> {
    z = Loop (one,, x) <body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t) { d = Identity(c)  f = Cast<to = 1>(i)  t = Add(s, f) }>
    y = Loop (n,, z) <body = b2 (int64 iteration, bool condition, float[2] u) => (bool e, float[2] v) { e = Identity(condition)  v = Neg(u) }> })");
  EXPECT_EQ(apply("inline_constant_loop", *model).applied, 1U);
  std::set<std::string_view> names;
  for (const Graph* graph : model->all_graphs())
    for (const Value* value : graph->values())
      EXPECT_TRUE(names.insert(value->name).second) << value->name;
}

TEST(InlineConstantLoop, OthersStay) {
  for (const char* operands : {"n, yes, x", "one, go, x"}) {
    auto model = text_model(loop(operands));
    const auto outcome = apply("inline_constant_loop", *model);
    EXPECT_EQ(outcome.applied, 0U) << operands;
    EXPECT_TRUE(outcome.misses.empty()) << operands;
  }
  auto rows = text_model(loop("none, yes, x"));
  const auto outcome = apply("inline_constant_loop", *rows);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_EQ(reasons(outcome),
            (std::multiset<std::string>{
                "it never runs, and its scan output has no rows of a known shape"}));
}

}  // namespace
}  // namespace acuate
