#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

constexpr const char* kConstants =
    R"(<float a = {8.0}, float[2] b = {2.0, 4.0}, float[3,1] c = {1.0, 2.0, 3.0}, float zero = {0.0}, float huge = {1e30}>)";

std::unique_ptr<Model> model_with(const std::string& nodes) {
  std::string text = "g (float[3,2] x) => (float[3,2] y) ";
  text.append(kConstants).append("{ ").append(nodes).append(" }");
  return text_model(text);
}

struct Case {
  const char* nodes;
  const char* op_type;
  std::vector<float> constant;
};

TEST(FuseConstantOperands, TwoOfAKindBecomeOne) {
  const Case cases[] = {
      {"m = Mul(a, x)  y = Mul(m, b)", "Mul", {16, 32}},
      {"m = Mul(x, b)  y = Div(m, a)", "Mul", {0.25, 0.5}},
      {"m = Div(x, b)  y = Mul(a, m)", "Mul", {4, 2}},
      {"m = Div(x, b)  y = Div(m, a)", "Div", {16, 32}},
      {"m = Add(x, a)  y = Sub(m, b)", "Add", {6, 4}},
      {"m = Sub(x, a)  y = Sub(m, b)", "Add", {-10, -12}},
      {"m = Add(b, x)  y = Add(c, m)", "Add", {3, 5, 4, 6, 5, 7}},
  };
  for (const Case& one : cases) {
    auto model = model_with(one.nodes);
    EXPECT_EQ(apply("fuse_constant_operands", *model).applied, 1U) << one.nodes;
    ASSERT_EQ(operators(*model), std::vector<std::string>{one.op_type}) << one.nodes;
    const Node& node = *model->graph().first();
    const Value* constant = node.input(0)->is_constant() ? node.input(0) : node.input(1);
    EXPECT_EQ(constant_values(*model, constant), one.constant) << one.nodes;
    EXPECT_EQ(origins(node), (std::vector<std::string>{"@m", "@y"}));
    EXPECT_EQ(node.output()->name, "y");
  }
}

TEST(FuseConstantOperands, AChainBecomesOne) {
  auto model = model_with("m = Add(x, a)  n = Add(m, a)  o = Add(n, a)  y = Add(o, a)");
  EXPECT_EQ(apply("fuse_constant_operands", *model).applied, 3U);
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(1)), std::vector<float>{32});
}

TEST(FuseConstantOperands, WhatIsNoPairStays) {
  for (const char* nodes :
       {"m = Mul(x, a)  y = Add(m, b)", "m = Sub(a, x)  y = Sub(m, b)",
        "m = Div(a, x)  y = Div(m, b)", "m = Add(x, a)  n = Relu(m)  y = Add(m, n)"}) {
    auto model = model_with(nodes);
    EXPECT_EQ(apply("fuse_constant_operands", *model).applied, 0U) << nodes;
  }
  auto used = model_with("m = Add(x, a)  n = Relu(m)  o = Add(m, a)  y = Add(n, o)");
  EXPECT_THAT(apply("fuse_constant_operands", *used).misses.at(0).reason,
              testing::HasSubstr("another use"));
  for (const char* nodes : {"m = Mul(x, zero)  y = Mul(m, a)", "m = Div(x, zero)  y = Mul(m, a)",
                            "m = Mul(x, huge)  y = Mul(m, huge)"}) {
    auto model = model_with(nodes);
    EXPECT_THAT(apply("fuse_constant_operands", *model).misses.at(0).reason,
                testing::HasSubstr("normal range"));
  }
}

TEST(FuseConstantOperands, GrowthIsLimited) {
  auto model = model_with("m = Add(b, x)  y = Add(c, m)");
  PassContext context;
  context.max_folded_bytes = 8;
  EXPECT_THAT(apply("fuse_constant_operands", *model, context).misses.at(0).reason,
              testing::HasSubstr("grow the model"));
}

}  // namespace
}  // namespace acuate
