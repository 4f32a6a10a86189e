#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

TEST(MergeTransposes, AChainThatRestoresTheOrderGoes) {
  auto model = text_model(R"(g (float[2,3,4] x) => (float[2,3,4] y) {
    a = Transpose<perm = [1, 2, 0]>(x)  b = Transpose(a)  c = Transpose<perm = [0, 2, 1]>(b)  r = Relu(c)  y = Sigmoid(r) })");
  // a[i,j,k] = x[k,i,j], b[i,j,k] = a[k,j,i] = x[i,k,j], c[i,j,k] = b[i,k,j] = x[i,j,k]
  EXPECT_EQ(apply("merge_transposes", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Relu", "Sigmoid"}));
}

TEST(MergeTransposes, OnesThatRestoreTheOrderGo) {
  auto model = text_model(
      R"(g (float[N,3,H,W] x) => (float[N,3,H,W] y) { a = Transpose<perm = [0, 2, 3, 1]>(x)  b = Transpose<perm = [0, 3, 1, 2]>(a)  y = Relu(b) })");
  EXPECT_EQ(apply("merge_transposes", *model).applied, 1U);
  EXPECT_EQ(operators(*model), std::vector<std::string>{"Relu"});
}

TEST(MergeTransposes, WhatOthersReadStays) {
  auto model = text_model(
      R"(g (float[2,3] x) => (float[2,3] y, float[3,2] z) { a = Transpose(x)  b = Transpose(a)  y = Relu(b)  z = Relu(a) })");
  EXPECT_EQ(apply("merge_transposes", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Transpose", "Relu", "Relu"}));
}

TEST(MergeTransposes, TheOneThatIsLeftStandsForAll) {
  auto model = text_model(R"(g (float[2,3,4] x) => (float[3,4,2] y) {
    [first] a = Transpose<perm = [1, 2, 0]>(x)  [second] b = Transpose<perm = [1, 2, 0]>(a)  y = Relu(b) })");
  EXPECT_EQ(apply("merge_transposes", *model).applied, 1U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Transpose", "Relu"}));
  const Node& node = *model->graph().first();
  EXPECT_EQ(node.ints_attribute("perm"), (std::vector<int64_t>{2, 0, 1}));
  EXPECT_EQ(origins(node), (std::vector<std::string>{"second", "first"}));
}

TEST(MergeTransposes, ALoneOneOrUnknownRankStays) {
  auto model = text_model(
      R"(g (float[2,3] x, float[] u) => (float[] y, float[] z) { a = Transpose(x)  y = Relu(a)  b = Transpose(u)  c = Transpose(b)  z = Relu(c) })");
  for (const char* name : {"u", "b", "c"}) model->graph().find(name)->type.shape.reset();
  const auto outcome = apply("merge_transposes", *model);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_EQ(outcome.misses.size(), 1U);
}

}  // namespace
}  // namespace acuate
