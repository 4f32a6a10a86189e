#include "rewrite/facts.h"
#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(FoldShapeData, ShapeOfAStaticTensor) {
  auto model = text_model(
      R"(g (float[2,3,4] x) => (float[3,8] r) { s = Shape<start = -2>(x)  i = Constant<value_ints = [1, 2]>()  t = Mul(s, i)  r = Reshape(x, t) })");
  EXPECT_EQ(apply("fold_shape_data", *model).applied, 1U);
  ASSERT_EQ(operators(*model).back(), "Reshape");
  EXPECT_EQ(int_constant(model->graph().last()->input(1)), (std::vector<int64_t>{3, 8}));
}

TEST(FoldShapeData, KnownPartsOfADynamicShape) {
  auto model = text_model(
      R"(g (float[N,3] x, float[3,M] y) => (float[3,M] z, int64[1] n) <int64 one = {1}, int64 zero = {0}, int64[1] axes = {0}> {
    s = Shape(x)  a = Gather(s, one)  b = Unsqueeze(a, axes)  z = Expand(y, b)  c = Gather(s, zero)  n = Unsqueeze(c, axes) })");
  EXPECT_EQ(apply("fold_shape_data", *model).applied, 1U);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"Shape", "Expand", "Gather", "Unsqueeze"}));
  EXPECT_EQ(int_constant(model->graph().find("z")->producer->input(1)), std::vector<int64_t>{3});
}

TEST(FoldShapeData, ADynamicShapeAndOutputsStay) {
  auto model = text_model(
      R"(g (float[N,3] x, float[2] u) => (float[] r, int64[1] o) { s = Shape(x)  r = Reshape(x, s)  o = Shape(u) })");
  EXPECT_EQ(apply("fold_shape_data", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
