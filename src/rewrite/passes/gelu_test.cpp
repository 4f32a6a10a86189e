#include <fmt/format.h>

#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_with(std::string_view nodes, int64_t opset = 20) {
  auto model = text_model(fmt::format(
      R"(g (float[2,3] x) => (float[2,3] y, float[2,3] z) <float root = {{1.4142135}}, float half_root = {{0.70710677}}, float one = {{1.0}}, float half = {{0.5}}, float three = {{3.0}}, float c = {{0.044715}}, float k = {{0.7978846}}, float[1,1,1] half3 = {{0.5}}> {{
    z = Relu(x)  {} }})",
      nodes));
  model->set_opset("", opset);
  infer_shapes(*model);
  return model;
}

TEST(Gelu, ByErfInAllOrders) {
  for (const char* nodes :
       {"d = Div(x, root) e = Erf(d) a = Add(e, one) m = Mul(x, a) y = Mul(m, half)",
        "d = Mul(half_root, x) e = Erf(d) a = Add(one, e) m = Mul(a, x) y = Mul(half, m)",
        "d = Div(x, root) e = Erf(d) a = Add(e, one) m = Mul(a, half) y = Mul(x, m)",
        "d = Div(x, root) e = Erf(d) a = Add(e, one) m = Mul(x, half) y = Mul(m, a)"}) {
    auto model = model_with(nodes);
    EXPECT_EQ(apply("gelu", *model).applied, 1U) << nodes;
    ASSERT_EQ(operators(*model), (std::vector<std::string>{"Relu", "Gelu"})) << nodes;
    const Node& gelu = *model->graph().last();
    EXPECT_EQ(gelu.input(0)->name, "x");
    EXPECT_EQ(gelu.output()->name, "y");
    EXPECT_EQ(gelu.attribute("approximate"), nullptr);
    EXPECT_EQ(origins(gelu).size(), 5U);
  }
}

TEST(Gelu, ByTanh) {
  auto model = model_with(
      "p = Pow(x, three) q = Mul(c, p) s = Add(x, q) t = Mul(s, k) h = Tanh(t) a = Add(h, one) "
      "m = Mul(x, half) y = Mul(m, a)");
  EXPECT_EQ(apply("gelu", *model).applied, 1U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Relu", "Gelu"}));
  EXPECT_EQ(model->graph().last()->string_attribute("approximate", ""), "tanh");
}

TEST(Gelu, TheNearestMissSaysWhatIsMissing) {
  using testing::HasSubstr;
  const auto miss = [](std::string_view nodes, int64_t opset = 20) {
    auto model = model_with(nodes, opset);
    const auto outcome = apply("gelu", *model);
    EXPECT_EQ(outcome.applied, 0U);
    return outcome.misses.empty() ? "" : outcome.misses.back().reason;
  };
  EXPECT_THAT(miss("d = Div(x, three) e = Erf(d) a = Add(e, one) m = Mul(x, a) y = Mul(m, half)"),
              HasSubstr("'three' is not the constant 1.41"));
  EXPECT_THAT(miss("d = Div(x, root) e = Erf(d) a = Add(e, one) m = Mul(z, a) y = Mul(m, half)"),
              HasSubstr("another tensor"));
  EXPECT_THAT(
      miss("d = Div(x, root) e = Erf(d) a = Add(e, one) m = Mul(x, a) y = Mul(m, half)", 19),
      HasSubstr("needs opset 20"));
  EXPECT_THAT(
      miss("d = Div(x, root) e = Erf(d) a = Add(e, one) m = Mul(x, a) y = Mul(m, half) f = Neg(a)"),
      HasSubstr("'a' has another use"));
  EXPECT_THAT(miss("d = Div(x, root) e = Erf(d) a = Add(e, one) m = Mul(x, a) y = Mul(m, half3)"),
              HasSubstr("rank of its input"));
  EXPECT_EQ(miss("m = Mul(x, z) y = Mul(m, half)"), "");
}

}  // namespace
}  // namespace acuate
