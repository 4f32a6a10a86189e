#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(MergeShapeData, EqualDimensionsAreReadOnce) {
  auto model = text_model(
      R"(g (float[N,4] x) => (float[M,4] y) <int64 zero = {0}, int64[1] axis = {0}, int64[1] rest = {4}> {
    a = Relu(x)  s = Shape(x)  n = Gather(s, zero)  u = Unsqueeze(n, axis)  c = Concat<axis = 0>(u, rest)  b = Expand(a, c)
    t = Shape(b)  m = Gather(t, zero)  v = Unsqueeze(m, axis)  d = Concat<axis = 0>(v, rest)  y = Expand(b, d) })");
  EXPECT_GE(apply("merge_shape_data", *model).applied, 3U);
  EXPECT_EQ(model->graph().find("y")->producer->input(1)->name,
            model->graph().find("b")->producer->input(1)->name);
}

TEST(MergeShapeData, WhatWentWithItsLastReaderIsNotReadAgain) {
  // s goes when d takes the place of n's copy; the Reshape behind must not read it.
  auto model = text_model(
      R"(g (float[N,4] x) => (float[N,4] y, float[N,4] z) <int64 zero = {0}, int64[1] axis = {0}, int64[1] rest = {4}> {
    p = Shape<start = 0, end = 1>(x)  e = Concat<axis = 0>(p, rest)  z = Expand(x, e)
    a = Relu(x)  t = Shape(a)  m = Gather(t, zero)  v = Unsqueeze(m, axis)  w = Concat<axis = 0>(v, rest)  b = Expand(a, w)
    u = Shape(b)  y = Reshape(b, u) })");
  apply("merge_shape_data", *model);
  for (const Node* node = model->graph().first(); node != nullptr; node = node->next())
    for (size_t slot = 0; slot < node->input_count(); ++slot)
      EXPECT_TRUE(node->input(slot)->is_defined()) << node->input(slot)->name;
}

TEST(MergeShapeData, OtherDimensionsTypesAndRanksStay) {
  auto model = text_model(
      R"(g (float[N,M] x) => (int64 p, int64[1] q, int32 r, int64 s) <int64 zero = {0}, int64 one = {1}, int64[1] axis = {0}> {
    t = Shape(x)  a = Gather(t, zero)  b = Gather(t, one)  c = Unsqueeze(a, axis)  d = Cast<to = 6>(a)
    p = Neg(a)  q = Neg(c)  r = Neg(d)  s = Neg(b) })");
  EXPECT_EQ(apply("merge_shape_data", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
