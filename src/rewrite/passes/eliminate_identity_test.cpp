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
