#include "shape/test_support.h"

namespace acuate {
namespace {

TEST(SelectionRules, GatherConcatSplit) {
  const Inferred m(R"((float[n,c,h] x, float[n,d,h] z, int64[k,2] i) => (float[] y) {
    y = Gather<axis=1>(x, i) j = Concat<axis=1>(x, z) p, q = Split<axis=2>(x) })");
  EXPECT_EQ(m.type("y"), "float32[n, k, 2, h]");
  EXPECT_EQ(m.type("j"), "float32[n, c + d, h]");
  EXPECT_EQ(m.type("p"), "float32[n, c, h//2]");
}

TEST(SelectionRules, SlicesWithNamedEnds) {
  const Inferred m(R"((float[n,h] x) => (float[] y)
    <int64[1] zero = {0}, int64[1] one = {1}, int64[1] end = {9223372036854775807}, int64[1] back = {-1}, int64[1] first = {-9223372036854775807}, int64[1] two = {2}> {
    s = Shape<start=1>(x) half = Div(s, two)
    y = Slice(x, zero, half, one) z = Slice(x, half, end, one) e = Slice(x, one, back, one) r = Slice(x, back, first, one, back) t = Slice(x, zero, end, one, two) })");
  EXPECT_EQ(m.type("y"), "float32[n, h//2]");
  EXPECT_EQ(m.type("z"), "float32[n, h - h//2]");
  EXPECT_EQ(m.type("r"), "float32[n, h]");
  EXPECT_EQ(m.type("t"), "float32[n, (h + 1)//2]");
}

TEST(SelectionRules, ThePadScaffoldOfTorchScript) {
  // pads per axis from the last → [begin…, end…], as Reshape, Slice backwards, Transpose, Reshape.
  const Inferred m(R"((float[n,c,h,w] x) => (float[] y)
    <int64[4] given = {1, 2, 3, 4}, int64[4] zeros = {0,0,0,0}, int64[2] pairs = {-1, 2}, int64[1] m1 = {-1}, int64[1] low = {-9223372036854775807}, int64[1] z = {0}> {
    all = Concat<axis=0>(given, zeros) p = Reshape(all, pairs) r = Slice(p, m1, low, z, m1)
    t = Transpose<perm=[1,0]>(r) f = Reshape(t, m1) y = Pad(x, f) })");
  EXPECT_EQ(m.data("f"), "0, 0, 3, 1, 0, 0, 4, 2");
  EXPECT_EQ(m.type("y"), "float32[n, c, h + 7, w + 3]");
}

TEST(SelectionRules, UnevenSplits) {
  const Inferred m("(float[7] x) => (float[] a) { a, b, c = Split<num_outputs=3>(x) }", 18);
  EXPECT_EQ(m.type("a"), "float32[3]");
  EXPECT_EQ(m.type("c"), "float32[1]");
  const Inferred bad("(float[7] x) => (float[] a) <int64[2] s = {3, 3}> { a, b = Split(x, s) }");
  EXPECT_THAT(bad.issue(), testing::HasSubstr("the parts have 6 elements, the axis 7"));
}

TEST(SelectionRules, SizesThatDependOnDataHaveOneSymbol) {
  const Inferred m(R"((float[n] x) => (int64[] i) { i = NonZero(x) a = Transpose(i) b = Relu(x)
    k = Shape(a) u = Unique(x) v = Identity(u) })");
  EXPECT_EQ(m.type("i"), "int64[1, ?'i'.1]");
  EXPECT_EQ(m.type("a"), "int64[?'i'.1, 1]");
  EXPECT_EQ(m.type("v"), m.type("u"));
}

TEST(SelectionRules, TopKTakesItsNumber) {
  const Inferred m(
      "(float[n,100] x, int64[1] k) => (float[] v) <int64[1] ten = {10}, int64[1] much = {101}> { "
      "v, i = TopK(x, ten) w, j = TopK(x, k) z, l = TopK(x, much) }");
  EXPECT_EQ(m.type("v"), "float32[n, 10]");
  EXPECT_EQ(m.type("w"), "float32[n, ?'w'.1]");
  EXPECT_THAT(m.issue(), testing::HasSubstr("the 101 largest of 100"));
}

TEST(SelectionRules, OutsideIndicesAreRefused) {
  const Inferred m(
      "(float[n,3] x) => (int64[] y) <int64 i = {5}> { s = Shape(x) y = Gather(s, i) }");
  EXPECT_THAT(m.issue(), testing::HasSubstr("index 5 lies outside of axis 0 of size 2"));
}

}  // namespace
}  // namespace acuate
