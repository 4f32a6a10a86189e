#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(ConstantsToInitializers, TensorsAndScalarsMove) {
  auto model = text_model(R"(g (float[2] x) => (float[2] y) {
    a = Constant<value = float[2] {1.0, 2.0}>()  b = Constant<value_float = 3.0>()  s = Add(x, a)  y = Mul(s, b) })");
  EXPECT_EQ(apply("constants_to_initializers", *model).applied, 2U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Add", "Mul"}));
  EXPECT_EQ(constant_values(*model, model->graph().find("a")), (std::vector<float>{1, 2}));
  EXPECT_EQ(constant_values(*model, model->graph().find("b")), (std::vector<float>{3}));
  EXPECT_TRUE(model->graph().find("b")->initializer->shape.empty());
}

TEST(ConstantsToInitializers, OutputsAndStringsStay) {
  auto model = text_model(
      R"(g (float[2] x) => (float[2] y, float[1] a) { a = Constant<value = float[1] {1.0}>()  y = Add(x, a) })");
  const auto outcome = apply("constants_to_initializers", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_EQ(outcome.misses.size(), 1U);
  EXPECT_EQ(outcome.misses[0].reason, "it is a graph output");
}

TEST(ConstantsToInitializers, WorksInBodies) {
  auto model = text_model(R"(g (float[2] x, bool c) => (float[2] y) {
    y = If (c) <then_branch = t () => (float[2] a) { k = Constant<value = float[1] {5.0}>()  a = Add(x, k) }, else_branch = e () => (float[2] b) { b = Identity(x) }> })");
  EXPECT_EQ(apply("constants_to_initializers", *model).applied, 1U);
  EXPECT_EQ(model->graph().first()->attribute("then_branch")->graphs[0]->node_count(), 1U);
}

}  // namespace
}  // namespace acuate
