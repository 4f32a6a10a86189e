#include <fmt/format.h>

#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_with(std::string_view type, std::string_view nodes) {
  auto model = text_model(fmt::format(
      R"(g ({0}[N,4] x, {0}[4] gamma, {0}[1,4] matrix) => ({0}[N,4] y) <float two = {{2.0}}, float one = {{1.0}}, float eps = {{0.001}}, float power = {{-0.5}}, int64[1] axes = {{-1}}> {{ {1} }})",
      type, nodes));
  model->set_opset("", 23);
  infer_shapes(*model);
  return model;
}

constexpr const char* kSquare = "p = Pow(x, two)  v = ReduceMean(p, axes)  e = Add(v, eps)  ";

TEST(RmsNorm, AllForms) {
  for (const char* rest : {"s = Sqrt(e)  n = Div(x, s)  y = Mul(n, gamma)",
                           "s = Sqrt(e)  r = Reciprocal(s)  n = Mul(x, r)  y = Mul(gamma, n)",
                           "s = Sqrt(e)  r = Div(one, s)  n = Mul(r, x)  y = Mul(gamma, n)",
                           "r = Pow(e, power)  n = Mul(x, r)  y = Mul(n, gamma)"}) {
    std::string nodes = kSquare;
    auto model = model_with("float", nodes.append(rest));
    EXPECT_EQ(apply("rms_norm", *model).applied, 1U) << rest;
    ASSERT_EQ(operators(*model), std::vector<std::string>{"RMSNormalization"}) << rest;
    const Node& node = *model->graph().first();
    EXPECT_EQ(node.input(1)->name, "gamma");
    EXPECT_EQ(node.float_attribute("epsilon", 0), 0.001F);
  }
}

TEST(RmsNorm, Float16ThatComputesInFloat32) {
  for (const char* rest :
       {"s = Sqrt(e)  n = Div(f, s)", "s = Sqrt(e)  r = Reciprocal(s)  n = Mul(f, r)"}) {
    auto model = model_with(
        "float16", fmt::format("f = Cast<to = 1>(x)  p = Mul(f, f)  v = ReduceMean(p, axes)  e = "
                               "Add(v, eps)  {}  c = Cast<to = 10>(n)  y = Mul(gamma, c)",
                               rest));
    EXPECT_EQ(apply("rms_norm", *model).applied, 1U) << rest;
    ASSERT_EQ(operators(*model), std::vector<std::string>{"RMSNormalization"});
    EXPECT_EQ(model->graph().first()->input(0)->name, "x");
  }
}

TEST(RmsNorm, AnotherScaleOrOpsetStays) {
  std::string nodes = kSquare;
  nodes.append("s = Sqrt(e)  n = Div(x, s)  y = Mul(n, ");
  auto matrix = model_with("float", nodes + "matrix)");
  EXPECT_THAT(apply("rms_norm", *matrix).misses.at(0).reason,
              testing::HasSubstr("normalized dimension"));
  auto old = model_with("float", nodes + "gamma)");
  old->set_opset("", 22);
  EXPECT_THAT(apply("rms_norm", *old).misses.at(0).reason, testing::HasSubstr("opset 23"));
}

}  // namespace
}  // namespace acuate
