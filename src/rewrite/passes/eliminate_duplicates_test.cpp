#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

TEST(EliminateDuplicates, NodesAndTheirReaders) {
  auto model = text_model(R"(g (float[N] x, float[N] z) => (float[N] y) {
    [one] a = Add(x, z)  [two] b = Add(z, x)  c = Exp(a)  d = Exp(b)  y = Mul(c, d) })");
  EXPECT_EQ(apply("eliminate_duplicates", *model).applied, 2U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Add", "Exp", "Mul"}));
  EXPECT_EQ(origins(*model->graph().first()), (std::vector<std::string>{"one", "two"}));
}

TEST(EliminateDuplicates, AttributesOrderAndOperatorsTellApart) {
  auto model = text_model(R"(g (float[N] x, float[N] z) => (float[N] y) {
    a = Sub(x, z)  b = Sub(z, x)  c = Elu<alpha = 1.0>(x)  d = Elu<alpha = 2.0>(x)  e = RandomNormalLike(x)  f = RandomNormalLike(x)  y = Sum(a, b, c, d, e, f) })");
  EXPECT_EQ(apply("eliminate_duplicates", *model).applied, 0U);
}

TEST(EliminateDuplicates, GraphOutputsKeepTheirNames) {
  auto model = text_model(
      R"(g (float[N] x) => (float[N] y, float[N] u, float[N] v) { a = Exp(x)  y = Exp(x)  u = Neg(a)  v = Neg(y) })");
  const auto outcome = apply("eliminate_duplicates", *model);
  EXPECT_EQ(outcome.applied, 1U);
  ASSERT_EQ(outcome.misses.size(), 1U);  // u and v are both outputs
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Exp", "Neg", "Neg"}));
  EXPECT_EQ(model->graph().first()->output()->name, "y");
}

TEST(EliminateDuplicates, ConstantsByContent) {
  auto model = text_model(
      R"(g (float[2] x) => (float[2] y) <float[2] a = {1.0, 0.0}, float[2] b = {1.0, 0.0}, float[2] c = {1.0, -0.0}, float[1,2] d = {1.0, 0.0}, int32[2] i = {1, 0}> {
    p = Add(x, a)  q = Add(p, b)  r = Add(q, c)  s = Add(r, d)  t = Cast<to = 1>(i)  y = Add(s, t) })");
  EXPECT_EQ(apply("eliminate_duplicates", *model).applied, 1U);
  EXPECT_EQ(model->graph().initializers().size(), 4U);
}

TEST(EliminateDuplicates, LargeConstantsThatDifferInOneByteStay) {
  auto model = text_model(
      R"(g (float[5000] x) => (float[5000] y) <float[2] a = {1.0, 0.0}, float[2] b = {0.0, 1.0}, float[2] c = {2.0, 1.0}> { p = Add(x, a)  q = Add(p, b)  y = Add(q, c) })");
  Tensor values = Tensor::allocate(ElementType::Float, {5000});
  for (const char* name : {"a", "b", "c"}) {
    Tensor copy = Tensor::of<float>({5000}, values.values<float>());
    if (name[0] == 'b') copy.mutable_values<float>()[1000] = 1;
    model->graph().set_initializer(*model->graph().find(name), copy);
  }
  EXPECT_EQ(apply("eliminate_duplicates", *model).applied, 1U);
  EXPECT_NE(model->graph().find("b")->initializer, std::nullopt);
}

TEST(EliminateDuplicates, OnesWithBodiesStay) {
  auto model = text_model(R"(g (bool c) => (float[1] y, float[1] z) {
    a = If (c) <then_branch = t () => (float[1] p) { p = RandomNormal<shape = [1]>() }, else_branch = e () => (float[1] q) { q = RandomNormal<shape = [1]>() }>
    b = If (c) <then_branch = t () => (float[1] p) { p = RandomNormal<shape = [1]>() }, else_branch = e () => (float[1] q) { q = RandomNormal<shape = [1]>() }>
    y = Neg(a)  z = Neg(b) })");
  EXPECT_EQ(apply("eliminate_duplicates", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
