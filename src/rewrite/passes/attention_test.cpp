#include <fmt/format.h>

#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_with(std::string_view nodes) {
  auto model = text_model(fmt::format(
      R"(g (float[N,2,5,4] q, float[N,2,7,4] k, float[N,7,2,4] rows, float[N,2,7,4] v, float[1,1,5,7] mask, float[5,1] short_mask) => (float[N,2,5,4] y) <float half = {{0.5}}, float two = {{2.0}}, float four = {{4.0}}> {{ {} }})",
      nodes));
  model->set_opset("", 23);
  infer_shapes(*model);
  return model;
}

struct Case {
  const char* nodes;
  float scale;
  size_t inputs;
};

TEST(Attention, ScaleOnAnySideAndAMask) {
  const Case cases[] = {
      {"t = Transpose<perm = [0, 1, 3, 2]>(k)  p = MatMul(q, t)  s = Div(p, "
       "two)  w = "
       "Softmax<axis = -1>(s)  y = MatMul(w, v)",
       0.5F, 3},
      {"t = Transpose<perm = [0, 1, 3, 2]>(k)  p = MatMul(q, t)  s = Mul(half, "
       "p)  a = Add(mask, "
       "s)  w = Softmax<axis = 3>(a)  y = MatMul(w, v)",
       0.5F, 4},
      {"h = Mul(q, half)  t = Transpose<perm = [0, 1, 3, 2]>(k)  u = Mul(t, "
       "half)  p = MatMul(h, "
       "u)  w = Softmax(p)  y = MatMul(w, v)",
       0.25F, 3},
      {"h = Div(q, four)  r = Mul(k, two)  t = Transpose<perm = [0, 1, 3, "
       "2]>(r)  p = MatMul(h, "
       "t)  a = Add(p, mask)  w = Softmax(a)  y = MatMul(w, v)",
       0.5F, 4},
      {"t = Transpose<perm = [0, 1, 3, 2]>(k)  p = MatMul(q, t)  w = "
       "Softmax(p)  y = MatMul(w, v)",
       1.0F, 3},
  };
  for (const Case& one : cases) {
    auto model = model_with(one.nodes);
    EXPECT_EQ(apply("attention", *model).applied, 1U) << one.nodes;
    ASSERT_EQ(operators(*model), std::vector<std::string>{"Attention"}) << one.nodes;
    const Node& node = *model->graph().first();
    EXPECT_EQ(node.float_attribute("scale", 0), one.scale) << one.nodes;
    EXPECT_EQ(node.input_count(), one.inputs);
    EXPECT_EQ(node.input(1)->name, "k");
  }
}

TEST(Attention, KeysThatWereTransposedAtOnceKeepOneTranspose) {
  auto model = model_with(
      "t = Transpose<perm = [0, 2, 3, 1]>(rows)  p = "
      "MatMul(q, t)  w = Softmax(p)  y = MatMul(w, "
      "v)");
  EXPECT_EQ(apply("attention", *model).applied, 1U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Transpose", "Attention"}));
  EXPECT_EQ(model->graph().first()->ints_attribute("perm"), (std::vector<int64_t>{0, 2, 1, 3}));
  EXPECT_EQ(model->graph().first()->output()->type.text(), "float32[N, 2, 7, 4]");
}

TEST(Attention, WhatTheOperatorDoesNotSayStays) {
  using testing::HasSubstr;
  const auto miss = [](std::string_view nodes) {
    auto model = model_with(nodes);
    const auto outcome = apply("attention", *model);
    EXPECT_EQ(outcome.applied, 0U) << nodes;
    return outcome.misses.empty() ? "" : outcome.misses.front().reason;
  };
  EXPECT_THAT(miss("t = Transpose<perm = [0, 1, 3, 2]>(k)  p = MatMul(q, t)  a = Add(p, "
                   "short_mask)  w = Softmax(a)  y = MatMul(w, v)"),
              HasSubstr("form of the scores"));
  EXPECT_THAT(miss("t = Transpose<perm = [0, 1, 3, 2]>(k)  p = MatMul(q, t)  w = "
                   "Softmax<axis = 2>(p)  y = MatMul(w, v)"),
              HasSubstr("along the keys"));
  EXPECT_THAT(miss("t = Transpose<perm = [0, 1, 3, 2]>(k)  p = MatMul(q, t)  w "
                   "= Softmax(p)  z = "
                   "Neg(w)  y = MatMul(w, v)"),
              HasSubstr("'w' has another use"));
}

}  // namespace
}  // namespace acuate
