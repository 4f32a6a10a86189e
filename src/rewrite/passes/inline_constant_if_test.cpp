#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(InlineConstantIf, TheBranchThatRuns) {
  auto model = text_model(R"(g (float[2] x) => (float[2] y, float[2] z) <bool no = {0}> {
    t = Neg(x)  a = If (no) <then_branch = th () => (float[2] p) { p = Relu(x) }, else_branch = el () => (float[2] q) { k = Constant<value = float[2] {1.0, 2.0}>()  s = Add(t, k)  q = Exp(s) }>
    y = Sin(a)  z = If (no) <then_branch = th2 () => (float[2] p2) { p2 = Relu(x) }, else_branch = el2 () => (float[2] q2) { t2 = Cos(x)  q2 = Sqrt(t2) }> })");
  EXPECT_EQ(apply("inline_constant_if", *model).applied, 2U);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"Neg", "Constant", "Add", "Exp", "Sin", "Cos", "Sqrt"}));
  EXPECT_EQ(model->graph().last()->output()->name, "z");
}

TEST(InlineConstantIf, NamesStayUnique) {
  auto model = text_model(R"(g (float[2] x, bool c) => (float[2] y) <bool yes = {1}> {
    [n] a = If (yes) <then_branch = th () => (float[2] p) { [n] v = Relu(x)  p = Exp(v) }, else_branch = el () => (float[2] q) { q = Neg(x) }>
    b = If (c) <then_branch = th2 () => (float[2] r) { w = Relu(x)  r = Exp(w) }, else_branch = el2 () => (float[2] s) { s = Neg(a) }>
    y = Add(a, b) })");
  EXPECT_EQ(apply("inline_constant_if", *model).applied, 1U);
  std::set<std::string_view> names;
  for (const Graph* graph : model->all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      EXPECT_TRUE(names.insert(node->output()->name).second) << node->output()->name;
}

TEST(InlineConstantIf, NestedOnesInOneRun) {
  auto model = text_model(R"(g (float[2] x) => (float[2] y) <bool yes = {1}> {
    y = If (yes) <then_branch = th () => (float[2] p) { p = If (yes) <then_branch = th2 () => (float[2] r) { r = Relu(x) }, else_branch = el2 () => (float[2] s) { s = Neg(x) }> }, else_branch = el () => (float[2] q) { q = Neg(x) }> })");
  EXPECT_EQ(apply("inline_constant_if", *model).applied, 2U);
  EXPECT_EQ(operators(*model), std::vector<std::string>{"Relu"});
}

TEST(InlineConstantIf, WeightsOfABodyComeAlong) {
  auto model =
      text_model(R"(g (float[2] x) => (float[2] y) <bool yes = {1}, float[2] w = {3.0, 4.0}> {
    y = If (yes) <then_branch = th () => (float[2] p) { k = Constant<value = float[2] {1.0, 2.0}>()  s = Add(x, w)  p = Add(s, k) }, else_branch = el () => (float[2] q) { q = Neg(x) }> })");
  apply("constants_to_initializers", *model);
  EXPECT_EQ(apply("inline_constant_if", *model).applied, 1U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Add", "Add"}));
  EXPECT_EQ(constant_values(*model, model->graph().last()->input(1)), (std::vector<float>{1, 2}));
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(1)), (std::vector<float>{3, 4}));
}

// Of the second, another weight, another attribute, another operand and another order of outputs.
TEST(InlineConstantIf, BranchesThatDoTheSame) {
  const auto graph = [](const std::string& second) {
    return R"(g (float[2] x, float[2] z, bool c) => (float[2] y, float[2] w) {
    y, w = If (c) <
      then_branch = th () => (float[2] p, float[2] x2) {
        k = Constant<value = float[2] {1.0, 2.0}>()  a = Add(x, k)  p = Elu<alpha = 0.5>(a)  x2 = Neg(z) },
      else_branch = el () => )" +
           second + "> }";
  };
  for (const bool moved : {false, true}) {
    auto model = text_model(graph(R"((float[2] q, float[2] x3) {
        l = Constant<value = float[2] {1.0, 2.0}>()  b = Add(x, l)  q = Elu<alpha = 0.5>(b)  x3 = Neg(z) })"));
    if (moved) apply("constants_to_initializers", *model);
    EXPECT_EQ(apply("inline_constant_if", *model).applied, 1U);
    EXPECT_EQ(operators(*model).back(), "Neg");
    EXPECT_EQ(model->graph().outputs()[0]->producer->op_type(), "Elu");
  }
  for (const char* other :
       {"(float[2] q, float[2] x3) { l = Constant<value = float[2] {1.0, 3.0}>()"
        "  b = Add(x, l)  q = Elu<alpha = 0.5>(b)  x3 = Neg(z) }",
        "(float[2] q, float[2] x3) { l = Constant<value = float[2] {1.0, 2.0}>()"
        "  b = Add(x, l)  q = Elu<alpha = 0.25>(b)  x3 = Neg(z) }",
        "(float[2] q, float[2] x3) { l = Constant<value = float[2] {1.0, 2.0}>()"
        "  b = Add(z, l)  q = Elu<alpha = 0.5>(b)  x3 = Neg(z) }",
        "(float[2] x3, float[2] q) { l = Constant<value = float[2] {1.0, 2.0}>()"
        "  b = Add(x, l)  q = Elu<alpha = 0.5>(b)  x3 = Neg(z) }"}) {
    auto model = text_model(graph(other));
    apply("constants_to_initializers", *model);
    EXPECT_EQ(apply("inline_constant_if", *model).applied, 0U) << other;
  }
}

TEST(InlineConstantIf, AConditionThatIsComputedStays) {
  auto model = text_model(R"(g (float[2] x, bool c) => (float[2] y) {
    y = If (c) <then_branch = th () => (float[2] p) { p = Relu(x) }, else_branch = el () => (float[2] q) { q = Neg(x) }> })");
  EXPECT_EQ(apply("inline_constant_if", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
