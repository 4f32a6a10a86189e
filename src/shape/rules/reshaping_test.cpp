#include "shape/test_support.h"

namespace acuate {
namespace {

TEST(ReshapingRules, ReshapeDividesOutTheRest) {
  const Inferred m(R"((float[n,c,h,w] x, float[a,b] odd) => (float[] y)
    <int64[2] flat = {0, -1}, int64[4] heads = {0, 0, 8, -1}, int64[1] all = {-1}> {
    y = Reshape(x, flat) z = Reshape(x, heads) a1 = Reshape(odd, all)
    s = Shape(x) b1 = Reshape(y, s) })");
  EXPECT_EQ(m.type("y"), "float32[n, c*h*w]");
  EXPECT_EQ(m.type("z"), "float32[n, c, 8, (h*w)//8]");
  EXPECT_EQ(m.type("a1"), "float32[a*b]");
  EXPECT_EQ(m.type("b1"), "float32[n, c, h, w]");
}

TEST(ReshapingRules, ScaffoldsOfViewsAreCarried) {
  const Inferred m(
      R"((float[n,t,64] x) => (float[] y) <int64 i0 = {0}, int64 i1 = {1}, int64[1] a0 = {0}, int64[1] h = {8}, int64[1] d = {8}> {
    s = Shape(x) b0 = Gather(s, i0) b = Unsqueeze(b0, a0) t0 = Gather(s, i1) t1 = Unsqueeze(t0, a0)
    shape = Concat<axis=0>(b, t1, h, d) y = Reshape(x, shape) p = Transpose<perm=[0,2,1,3]>(y) })");
  EXPECT_EQ(m.data("shape"), "n, t, 8, 8");
  EXPECT_EQ(m.type("p"), "float32[n, 8, t, 8]");
}

TEST(ReshapingRules, WhatDoesNotDivideIsRefused) {
  const Inferred m("(float[2,3] x) => (float[] y) <int64[2] s = {4, -1}> { y = Reshape(x, s) }");
  EXPECT_THAT(m.issue(), testing::HasSubstr("6 elements do not divide into 4"));
  const Inferred n("(float[2,3] x) => (float[] y) <int64[2] s = {7, 1}> { y = Reshape(x, s) }");
  EXPECT_THAT(n.issue(), testing::HasSubstr("the new shape has 7 elements, the input 6"));
}

TEST(ReshapingRules, AllowzeroMeansZero) {
  const Inferred m(
      "(float[0,3] x) => (float[] y) <int64[2] s = {0, 5}> { y = Reshape<allowzero=1>(x, s) }");
  EXPECT_EQ(m.type("y"), "float32[0, 5]");
}

TEST(ReshapingRules, SqueezeAndUnsqueeze) {
  const Inferred m(
      R"((float[n,1,h] x) => (float[] y) <int64[1] one = {1}, int64[2] ends = {0, -1}> {
    y = Squeeze(x, one) z = Unsqueeze(x, ends) u = Squeeze(x) })");
  EXPECT_EQ(m.type("y"), "float32[n, h]");
  EXPECT_EQ(m.type("z"), "float32[1, n, 1, h, 1]");
  EXPECT_EQ(m.type("u"), "float32[*]");  // n may be 1
  const Inferred bad("(float[2,3] x) => (float[] y) <int64[1] one = {1}> { y = Squeeze(x, one) }");
  EXPECT_THAT(bad.issue(), testing::HasSubstr("axis 1 to be squeezed has size 3"));
}

TEST(ReshapingRules, FlattenTransposeExpand) {
  const Inferred m(R"((float[n,3,h,w] x, float[1,1,d] row) => (float[] y) {
    y = Flatten(x) f = Flatten<axis=-1>(x) t = Transpose<perm=[0,2,3,1]>(x) r = Transpose(x)
    s = Shape<start=1>(x) e = Expand(row, s) })");
  EXPECT_EQ(m.type("y"), "float32[n, 3*h*w]");
  EXPECT_EQ(m.type("f"), "float32[3*h*n, w]");
  EXPECT_EQ(m.type("t"), "float32[n, h, w, 3]");
  EXPECT_EQ(m.type("r"), "float32[w, h, 3, n]");
  EXPECT_EQ(m.type("e"), "float32[3, h, broadcast(d, w)]");
  const Inferred bad("(float[2,3] x) => (float[] y) { y = Transpose<perm=[0,0]>(x) }");
  EXPECT_THAT(bad.issue(), testing::HasSubstr("axis 0 is given twice"));
}

TEST(ReshapingRules, ARankIsKnownFromTheLengthOfTheShape) {
  const Inferred m("(float[n] x, int64[3] s) => (float[] y) { y = Reshape(x, s) }");
  EXPECT_EQ(m.type("y"), "float32[?'y'.0, ?'y'.1, ?'y'.2]");
}

TEST(ReshapingRules, ExpandKeepsTheAxesInFrontOfItsShape) {
  const Inferred m(
      "(float[2,3,1] x, int64[2] s, int64[4] t) => (float[] y, float[] z) { y = Expand(x, s) z = "
      "Expand(x, t) }");
  EXPECT_EQ(m.type("y"), "float32[2, 3, ?'y'.2]");
  EXPECT_EQ(m.type("z"), "float32[?'z'.0, 2, 3, ?'z'.3]");
}

}  // namespace
}  // namespace acuate
