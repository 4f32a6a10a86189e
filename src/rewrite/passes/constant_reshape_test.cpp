#include "rewrite/facts.h"
#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

std::vector<int64_t> target_of(const Model& model, const char* output) {
  const auto target = int_constant(model.graph().find(output)->producer->input(1));
  return target.value_or(std::vector<int64_t>{});
}

TEST(ConstantReshape, CopiesAndTheRest) {
  auto model = text_model(
      R"(g (float[N,8,H,W] x) => (float[N,2,4,P] y) <int64 zero = {0}, int64 two = {2}, int64 three = {3}, int64[1] axis = {0}, int64[2] middle = {2, 4}> {
    s = Shape(x)  n = Gather(s, zero)  h = Gather(s, two)  w = Gather(s, three)  hw = Mul(h, w)
    a = Unsqueeze(n, axis)  b = Unsqueeze(hw, axis)  t = Concat<axis = 0>(a, middle, b)  y = Reshape(x, t) })");
  EXPECT_EQ(apply("constant_reshape", *model).applied, 1U);
  EXPECT_EQ(operators(*model), std::vector<std::string>{"Reshape"});
  EXPECT_EQ(target_of(*model, "y"), (std::vector<int64_t>{0, 2, 4, -1}));
}

TEST(ConstantReshape, AMinusOneThatIsThereStays) {
  auto model = text_model(
      R"(g (float[N,M,4] x) => (float[N,P] y) <int64 zero = {0}, int64[1] axis = {0}, int64[1] rest = {-1}> {
    s = Shape(x)  n = Gather(s, zero)  a = Unsqueeze(n, axis)  t = Concat<axis = 0>(a, rest)  y = Reshape(x, t) })");
  EXPECT_EQ(apply("constant_reshape", *model).applied, 1U);
  EXPECT_EQ(target_of(*model, "y"), (std::vector<int64_t>{0, -1}));
}

TEST(ConstantReshape, TwoOpenDimensionsStay) {
  auto model = text_model(
      R"(g (float[N,M] x) => (float[P,Q] y) <int64 zero = {0}, int64 one = {1}, int64[1] axis = {0}> {
    s = Shape(x)  n = Gather(s, zero)  m = Gather(s, one)  a = Unsqueeze(n, axis)  b = Unsqueeze(m, axis)  t = Concat<axis = 0>(b, a, b)  u = Concat<axis = 0>(x, x)  y = Reshape(u, t) })");
  const auto outcome = apply("constant_reshape", *model);
  EXPECT_EQ(outcome.applied, 0U);
}

TEST(ConstantReshape, WhatDependsOnDataIsNotCopiedBesideARest) {
  // With no element that is not zero, 0 and −1 together would be refused.
  auto model = text_model(
      R"(g (float[N] x, float[N,M] z) => (int64[P,Q,R] y) <int64 zero = {0}, int64 one = {1}, int64[1] axis = {0}> {
    c = NonZero(x)  t = Transpose(c)  s = Shape(t)  k = Gather(s, zero)  a = Unsqueeze(k, axis)
    q = Shape(z)  m = Gather(q, one)  b = Unsqueeze(m, axis)  v = Concat<axis = 0>(a, b)  y = Reshape(t, v) })");
  EXPECT_EQ(apply("constant_reshape", *model).applied, 0U);
}

TEST(ConstantReshape, ZeroWithItsOwnMeaningStays) {
  auto model = text_model(
      R"(g (float[N,M] x) => (float[N,M] y) { s = Shape(x)  y = Reshape<allowzero = 1>(x, s) })");
  EXPECT_EQ(apply("constant_reshape", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
