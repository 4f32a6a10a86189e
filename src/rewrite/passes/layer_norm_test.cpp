#include <fmt/format.h>

#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

constexpr const char* kCore =
    "m = ReduceMean<axes = [-1]>(x)  d = Sub(x, m)  "
    "p = Pow(d, two)  v = ReduceMean<axes = "
    "[-1]>(p)  e = Add(v, eps)  s = Sqrt(e)  ";

std::unique_ptr<Model> model_with(std::string_view nodes) {
  return text_model(fmt::format(
      R"(g (float[N,3,4] x, float[4] gamma, float[4] beta, float[3,4] wide, float[1] one_gamma) => (float[N,3,4] y) <float two = {{2.0}}, float one = {{1.0}}, float eps = {{0.001}}> {{ {} }})",
      nodes));
}

TEST(LayerNorm, WithScaleAndBias) {
  for (const char* core :
       {"n = Div(d, s)", "r = Reciprocal(s)  n = Mul(r, d)", "r = Div(one, s)  n = Mul(d, r)"}) {
    auto model = model_with(std::string(kCore) + core + "  g = Mul(gamma, n)  y = Add(g, beta)");
    EXPECT_EQ(apply("layer_norm", *model).applied, 1U) << core;
    ASSERT_EQ(operators(*model), std::vector<std::string>{"LayerNormalization"}) << core;
    const Node& node = *model->graph().first();
    EXPECT_EQ(node.int_attribute("axis", 0), -1);
    EXPECT_EQ(node.float_attribute("epsilon", 0), 0.001F);
    EXPECT_EQ(node.input(0)->name, "x");
    EXPECT_EQ(node.input(1)->name, "gamma");
    EXPECT_EQ(node.input(2)->name, "beta");
    EXPECT_GE(origins(node).size(), 9U);
  }
}

TEST(LayerNorm, WithoutBiasOrScale) {
  auto scaled = model_with(std::string(kCore) + "n = Div(d, s)  y = Mul(n, gamma)");
  EXPECT_EQ(apply("layer_norm", *scaled).applied, 1U);
  EXPECT_EQ(scaled->graph().first()->input_count(), 2U);
  auto bare = model_with(std::string(kCore) + "y = Div(d, s)");
  EXPECT_EQ(apply("layer_norm", *bare).applied, 1U);
  EXPECT_EQ(constant_values(*bare, bare->graph().first()->input(1)),
            (std::vector<float>{1, 1, 1, 1}));
}

TEST(LayerNorm, SquaresByMulAndAxesAsInput) {
  auto model = text_model(
      R"(g (float[2,3,4] x, float[3,4] gamma) => (float[2,3,4] y) <int64[2] axes = {2, 1}, float eps = {0.001}> {
    m = ReduceMean(x, axes)  d = Sub(x, m)  p = Mul(d, d)  v = ReduceMean(p, axes)  e = Add(v, eps)  s = Sqrt(e)  n = Div(d, s)  y = Mul(n, gamma) })");
  model->set_opset("", 18);
  infer_shapes(*model);
  EXPECT_EQ(apply("layer_norm", *model).applied, 1U);
  EXPECT_EQ(model->graph().first()->int_attribute("axis", 0), -2);
}

TEST(LayerNorm, AScaleOfOtherDimensionsStaysBehindIt) {
  auto model = model_with(std::string(kCore) + "n = Div(d, s)  y = Mul(n, wide)");
  const auto outcome = apply("layer_norm", *model);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"LayerNormalization", "Mul"}));
  EXPECT_THAT(outcome.misses.at(0).reason, testing::HasSubstr("normalized dimensions"));
}

TEST(LayerNorm, TheNearestMissSaysWhy) {
  using testing::HasSubstr;
  const auto miss = [](const std::string& nodes, int64_t opset = 17) {
    auto model = model_with(nodes);
    model->set_opset("", opset);
    const auto outcome = apply("layer_norm", *model);
    EXPECT_EQ(outcome.applied, 0U);
    return outcome.misses.empty() ? "" : outcome.misses.front().reason;
  };
  EXPECT_THAT(miss(std::string(kCore) + "y = Div(d, s)", 16), HasSubstr("needs opset 17"));
  EXPECT_THAT(miss("m = ReduceMean<axes = [1]>(x)  d = Sub(x, m)  p = Pow(d, two)  v = "
                   "ReduceMean<axes = [1]>(p)  e = Add(v, eps)  s = Sqrt(e)  y = "
                   "Div(d, s)"),
              HasSubstr("last axes"));
  EXPECT_THAT(miss("m = ReduceMean<axes = [-1]>(x)  d = Sub(x, m)  p = Pow(d, two)  v = "
                   "ReduceMean<axes = [1]>(p)  e = Add(v, eps)  s = Sqrt(e)  y = Div(d, "
                   "s)"),
              HasSubstr("different axes"));
  EXPECT_THAT(miss(std::string(kCore) + "t = Tanh(s)  y = Div(d, t)"), "");
}

}  // namespace
}  // namespace acuate
