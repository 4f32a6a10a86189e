#include "rewrite/facts.h"
#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(RebuildShapes, ALongWayRound) {
  auto model = text_model(
      R"(g (float[N,H] x, float[H,N] z) => (float[N,H] y) <int64 zero = {0}, int64 one = {1}, int64[1] axis = {0}, int64[1] last = {-1}, int64[1] low = {-9223372036854775807}> {
    s = Shape(x)  n = Gather(s, zero)  h = Gather(s, one)  a = Unsqueeze(n, axis)  b = Unsqueeze(h, axis)
    c = Concat<axis = 0>(b, a)  d = Slice(c, last, low, axis, last)  e = Cast<to = 7>(d)  t = Expand(x, e)  y = Relu(t) })");
  EXPECT_EQ(apply("rebuild_shapes", *model).applied, 1U);
  const Node& expand = *model->graph().find("t")->producer;
  EXPECT_EQ(expand.input(1)->producer->op_type(), "Concat");
  EXPECT_EQ(expand.input(1)->producer->input(0)->name, "a");
  EXPECT_EQ(expand.input(1)->producer->input(1)->name, "b");
}

TEST(RebuildShapes, OfAReshapeOnlyWhatIsOpen) {
  auto model = text_model(
      R"(g (float[N,H,W,4] x) => (float[N,P,7,Q,7,4] y) <int64 zero = {0}, int64 one = {1}, int64 two = {2}, int64 seven = {7}, int64[1] axis = {0}, int64[1] sevens = {7}, int64[1] four = {4}> {
    s = Shape(x)  n = Gather(s, zero)  h = Gather(s, one)  w = Gather(s, two)  p = Div(h, seven)  q = Div(w, seven)
    a = Unsqueeze(n, axis)  b = Unsqueeze(p, axis)  c = Unsqueeze(q, axis)
    t = Concat<axis = 0>(a, b, sevens, c, sevens, four)  y = Reshape(x, t) })");
  EXPECT_EQ(apply("rebuild_shapes", *model).applied, 1U);
  const Node& concat = *model->graph().find("y")->producer->input(1)->producer;
  ASSERT_EQ(concat.input_count(), 3U);
  EXPECT_EQ(int_constant(concat.input(0)), std::vector<int64_t>{0});
  EXPECT_EQ(concat.input(1)->name, "b");
  EXPECT_EQ(int_constant(concat.input(2)), (std::vector<int64_t>{7, -1, 7, 4}));
}

TEST(RebuildShapes, WhatIsShortOrUnknownStays) {
  auto model = text_model(
      R"(g (float[N,4] x, int64[2] u) => (float[N,4] y, float[] z) <int64 zero = {0}, int64[1] axis = {0}, int64[1] four = {4}> {
    s = Shape(x)  n = Gather(s, zero)  a = Unsqueeze(n, axis)  t = Concat<axis = 0>(a, four)  y = Expand(x, t)  v = Neg(u)  z = Expand(x, v) })");
  EXPECT_EQ(apply("rebuild_shapes", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
