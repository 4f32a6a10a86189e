#include "rewrite/facts.h"
#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

TEST(MergeReshapes, AChainBecomesOne) {
  auto model = text_model(
      R"(g (float[2,3,4] x) => (float[4,6] y) <int64[2] a = {6, 4}, int64[3] b = {0, 2, -1}, int64[2] c = {4, -1}, int64[1] axis = {0}> {
    [one] p = Reshape(x, a)  [two] q = Reshape(p, b)  [three] r = Unsqueeze(q, axis)  [four] s = Reshape(r, c)  y = Relu(s) })");
  EXPECT_EQ(apply("merge_reshapes", *model).applied, 1U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Reshape", "Relu"}));
  EXPECT_EQ(origins(*model->graph().first()),
            (std::vector<std::string>{"four", "three", "two", "one"}));
}

TEST(MergeReshapes, WhatRestoresTheShapeGoes) {
  auto model = text_model(
      R"(g (float[N,3] x) => (float[N,3] y) <int64[2] axes = {0, 2}, int64[2] back = {-1, 3}> {
    p = Unsqueeze(x, axes)  q = Squeeze(p, axes)  y = Relu(q) })");
  EXPECT_EQ(apply("merge_reshapes", *model).applied, 1U);
  EXPECT_EQ(operators(*model), std::vector<std::string>{"Relu"});
}

TEST(MergeReshapes, OneOpenDimensionIsTheRest) {
  auto model = text_model(
      R"(g (float[N,1,H,4] x) => (float[N,H,1,4] y) <int64[1] one = {1}, int64[1] two = {2}> {
    p = Squeeze(x, one)  q = Unsqueeze(p, two)  y = Relu(q) })");
  EXPECT_EQ(apply("merge_reshapes", *model).applied, 1U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Reshape", "Relu"}));
  EXPECT_EQ(int_constant(model->graph().first()->input(1)), (std::vector<int64_t>{0, -1, 1, 4}));
  EXPECT_EQ(model->graph().first()->attributes().size(), 0U);
}

TEST(MergeReshapes, ACopiedDimensionIsNotReadFromAnotherShape) {
  auto model = text_model(
      R"(g (float[A,B,C,D] x) => (float[P,Q] y) <int64[3] a = {0, 0, -1}, int64[2] b = {0, -1}, int64[2] t = {-1, 1}, int64[1] one = {1}> {
    c = Concat<axis = 1>(x, x)  p = Reshape(c, a)  u = Squeeze(p, one)  q = Reshape(u, b)  y = Relu(q) })");
  apply("merge_reshapes", *model);
  // The 0 of the second takes the first dimension of u, which is that of x still; a 0 that stood
  // for the second one would be another.
  const Node& last = *model->graph().find("q")->producer;
  EXPECT_EQ(int_constant(last.input(1)), (std::vector<int64_t>{0, -1}));
}

TEST(MergeReshapes, TwoOpenDimensionsAndOtherReadersStay) {
  auto model = text_model(
      R"(g (float[A,B,1] x) => (float[] y, float[] z, float[] w) <int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}> {
    p = Unsqueeze(x, zero)  q = Unsqueeze(p, one)  y = Relu(q)  r = Unsqueeze(x, zero)  s = Unsqueeze(r, two)  z = Relu(s)  w = Relu(r) })");
  EXPECT_EQ(apply("merge_reshapes", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
