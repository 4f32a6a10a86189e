#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(EliminateIdentity, TakesOutWhatDoesNothing) {
  auto model =
      text_model(R"(g (float[2,3] x) => (float[2,3] y) <float one = {1.0}, int64[2] s = {2, 3}> {
    a = Identity(x)  b = Dropout(a)  c = Cast<to = 1>(b)  d = Transpose<perm = [0, 1]>(c)  e = Reshape(d, s)  f = Mul(e, one)  h = Div(f, one)  y = Relu(h) })");
  EXPECT_EQ(apply("eliminate_identity", *model).applied, 7U);
  EXPECT_EQ(operators(*model), std::vector<std::string>{"Relu"});
}

TEST(EliminateIdentity, SlicesPadsAndConcatsOfEverything) {
  auto model = text_model(
      R"(g (float[N,3,H] x) => (float[N,3,H] y) <int64[2] starts = {0, -3}, int64[2] ends = {9223372036854775807, 3}, int64[2] axes = {2, 1}, int64[6] none = {0, 0, 0, 0, 0, 0}, int64[3] once = {1, 1, 1}> {
    a = Slice(x, starts, ends, axes)  b = Pad(a, none)  c = Concat<axis = 1>(b)  d = Tile(c, once)  e = Max(d)  y = Relu(e) })");
  EXPECT_EQ(apply("eliminate_identity", *model).applied, 5U);
  EXPECT_EQ(operators(*model), std::vector<std::string>{"Relu"});
}

TEST(EliminateIdentity, ArithmeticOfAllTypes) {
  auto model = text_model(
      R"(g (int64[N] i, float16[N] h, float[N] f, bool[N] b) => (int64[N] p, float16[N] q, float[N] r, bool[N] s) <int64 zero = {0}, int64 one = {1}, float minus_zero = {-0.0}, float plus_zero = {0.0}, bool yes = {1}> {
    half_one = Cast<to = 10>(one)  i1 = Add(zero, i)  i2 = Mul(i1, one)  i3 = Sub(i2, zero)  p = Neg(i3)  q = Neg(h)
    f1 = Add(f, minus_zero)  f2 = Sub(f1, plus_zero)  r = Neg(f2)  b1 = And(yes, b)  s = Not(b1) })");
  EXPECT_EQ(apply("eliminate_identity", *model).applied, 6U);
}

TEST(EliminateIdentity, ShapesThatAreKnownToBeEqual) {
  auto model = text_model(
      R"(g (float[N,4] x, float[?,4] u, float[?,4] w) => (float[N,4] y, float[?,4] z, float[?,4] v) {
    t = Shape(x)  a = Reshape(x, t)  y = Relu(a)  p = Shape(u)  b = Reshape(u, p)  z = Relu(b)  q = Shape(w)  c = Reshape(u, q)  v = Neg(c) })");
  // Two nameless dimensions may differ; one is what it is.
  EXPECT_EQ(apply("eliminate_identity", *model).applied, 2U);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"Relu", "Relu", "Shape", "Reshape", "Neg"}));
}

TEST(EliminateIdentity, KeepsOutputNames) {
  auto model = text_model(R"(g (float[2] x) => (float[2] y) { a = Relu(x)  y = Identity(a) })");
  EXPECT_EQ(apply("eliminate_identity", *model).applied, 1U);
  EXPECT_EQ(model->graph().outputs()[0]->name, "y");
  EXPECT_EQ(model->graph().first()->output()->name, "y");
}

TEST(EliminateIdentity, LeavesWhatDoesSomething) {
  auto model = text_model(
      R"(g (float[2,3] x, float[1,3] w, bool t) => (float[] y, float[] z, bool m) <float one = {1.0}, float[2,1] ones = {1.0, 1.0}, float ratio = {0.5}, float zero = {0.0}> {
    a = Transpose<perm = [1, 0]>(x)  b = Cast<to = 10>(a)  y = Relu(b)  c = Mul(w, ones)  d = Add(x, zero)  e, m = Dropout(d)  f = Dropout(e, ratio, t)  z = Add(c, f) })");
  EXPECT_EQ(apply("eliminate_identity", *model).applied, 0U);
}

TEST(EliminateIdentity, AnInputStraightToAnOutputStays) {
  auto model = text_model(R"(g (float[2] x) => (float[2] y) { y = Identity(x) })");
  const auto outcome = apply("eliminate_identity", *model);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_EQ(outcome.misses.size(), 1U);
}

}  // namespace
}  // namespace acuate
