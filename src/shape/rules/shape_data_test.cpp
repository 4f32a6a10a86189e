#include "shape/test_support.h"

namespace acuate {
namespace {

TEST(ShapeDataRules, ShapeAndSize) {
  const Inferred m(
      "(float[n,3,h,w] x) => (int64[] s) { s = Shape(x) t = Shape<start=-2>(x) z = Size(x) }");
  EXPECT_EQ(m.type("s"), "int64[4]");
  EXPECT_EQ(m.data("s"), "n, 3, h, w");
  EXPECT_EQ(m.data("t"), "h, w");
  EXPECT_EQ(m.data("z"), "3*h*n*w");
}

TEST(ShapeDataRules, Constants) {
  const Inferred m(R"((float[n] x) => (int64[] a) {
    a = Constant<value_ints=[2,3]>() b = Constant<value=float[2] {0.5, 2.0}>()
    s = Shape(x) c = ConstantOfShape<value=int64[1] {7}>(a) d = ConstantOfShape(s) })");
  EXPECT_EQ(m.data("a"), "2, 3");
  EXPECT_EQ(m.data("b"), "1/2, 4/2");
  EXPECT_EQ(m.type("c"), "int64[2, 3]");
  EXPECT_EQ(m.data("c"), "7, 7, 7, 7, 7, 7");
  EXPECT_EQ(m.type("d"), "float32[n]");
}

TEST(ShapeDataRules, Range) {
  const Inferred m(
      R"((int64[] k, float[n] x) => (int64[] r) <int64 zero = {0}, int64 five = {5}, int64 two = {2}, int64 back = {-1}> {
    n = Size(x) r = Range(zero, n, two) s = Range(zero, five, two) t = Range(five, zero, back) u = Range(zero, k, two) })");
  EXPECT_EQ(m.type("r"), "int64[(n + 1)//2]");
  EXPECT_EQ(m.data("s"), "0, 2, 4");
  EXPECT_EQ(m.data("t"), "5, 4, 3, 2, 1");
  EXPECT_EQ(m.type("u"), "int64[?'u'.0]");
}

TEST(ShapeDataRules, ANegativeShapeIsRefused) {
  const Inferred m("(int64[1] s) => (float[] y) <int64[2] d = {2, -3}> { y = ConstantOfShape(d) }");
  EXPECT_THAT(m.issue(), testing::HasSubstr("a dimension of -3 is asked for"));
}

}  // namespace
}  // namespace acuate
