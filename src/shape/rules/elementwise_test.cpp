#include "shape/test_support.h"

namespace acuate {
namespace {

TEST(ElementwiseRules, Broadcasting) {
  const Inferred m(R"((float[n,1,h,w] x, float[c,1,w] y, float[n,1,h,w] z) => (float[] a) {
    a = Add(x, y) b = Mul(x, z) c1 = Less(x, y) d = Where(c1, x, y) e = Max(x, y, z) })");
  EXPECT_EQ(m.type("a"), "float32[n, c, h, w]");
  EXPECT_EQ(m.type("b"), "float32[n, 1, h, w]");
  EXPECT_EQ(m.type("c1"), "bool[n, c, h, w]");
  EXPECT_EQ(m.type("d"), "float32[n, c, h, w]");
  EXPECT_EQ(m.type("e"), "float32[n, c, h, w]");
}

TEST(ElementwiseRules, WhatDoesNotFitNamesBothSources) {
  const Inferred m("(float[2,3] x, float[4] w) => (float[] y) { r = Relu(x) y = Add(r, w) }");
  EXPECT_THAT(m.issue(), testing::AllOf(testing::HasSubstr("3 and 4 do not broadcast"),
                                        testing::HasSubstr("'r' float32[2, 3] (Relu '@r')"),
                                        testing::HasSubstr("'w' float32[4] (input)")));
}

TEST(ElementwiseRules, DataIsArithmetic) {
  const Inferred m(R"((float[n,h] x) => (int64[] a) <int64[2] two = {2, 2}, int64 one = {1}> {
    s = Shape(x) a = Mul(s, two) b = Add(a, one) c = Div(b, two) d = Mod(s, two) e = Sub(s, s)
    f = Equal(e, d) g = Max(s, one) })");
  EXPECT_EQ(m.data("a"), "2*n, 2*h");
  EXPECT_EQ(m.data("b"), "2*n + 1, 2*h + 1");
  EXPECT_EQ(m.data("c"), "n, h");
  EXPECT_EQ(m.data("d"), "n - 2*(n//2), h - 2*(h//2)");
  EXPECT_EQ(m.data("e"), "0, 0");
  EXPECT_EQ(m.data("g"), "max(1, n), max(1, h)");
}

TEST(ElementwiseRules, FractionsAreExact) {
  const Inferred m(
      R"((float[n,h] x) => (int64[] a) <float[2] half = {0.5, 0.5}, float[2] third = {0.333, 0.333}, float three = {3.0}> {
    s = Shape(x) f = Cast<to=1>(s) a = Mul(f, half) b = Floor(a) c = Cast<to=7>(b) d = Ceil(a) e = Cast<to=7>(d)
    g = Mul(f, third) q = Div(f, three) k = Cast<to=7>(q) })");
  EXPECT_EQ(m.data("a"), "n/2, h/2");
  EXPECT_EQ(m.data("c"), "n//2, h//2");
  EXPECT_EQ(m.data("e"), "(n + 1)//2, (h + 1)//2");
  EXPECT_EQ(m.data("g"), "nothing");
  EXPECT_EQ(m.data("k"), "n//3, h//3");
}

TEST(ElementwiseRules, WhereChoosesWhatIsDecided) {
  const Inferred m(
      R"((float[n,h] x) => (int64[] y) <int64[2] minus = {-1, -1}, int64[2] ones = {1, 1}> {
    s = Shape(x) c = Equal(s, minus) y = Where(c, ones, s) })");
  EXPECT_EQ(m.data("y"), "n, h");
}

TEST(ElementwiseRules, OldOpsetsBroadcastByAttribute) {
  const Inferred m(
      "(float[2,3,4] x, float[3] y) => (float[] z) { z = Add<broadcast=1, axis=1>(x, y) }", 6);
  EXPECT_EQ(m.type("z"), "float32[2, 3, 4]");
  EXPECT_EQ(m.issue(), "");
}

TEST(ElementwiseRules, MasksOfDropout) {
  const Inferred m("(float[n] x) => (float[] y) { y, mask = Dropout(x) }");
  EXPECT_EQ(m.type("mask"), "bool[n]");
}

}  // namespace
}  // namespace acuate
