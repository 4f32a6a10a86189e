#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(FoldShapeData, ShapeOfAStaticTensor) {
  auto model = text_model(
      R"(g (float[2,3,4] x) => (float[] r) { s = Shape<start = -2>(x)  r = Reshape(x, s) })");
  EXPECT_EQ(apply("fold_shape_data", *model).applied, 1U);
  const auto tensor = model->load(*model->graph().first()->input(1)->initializer);
  EXPECT_EQ(tensor->values<int64_t>()[0], 3);
  EXPECT_EQ(tensor->values<int64_t>()[1], 4);
}

TEST(FoldShapeData, ShapeOfADynamicTensorStays) {
  auto model = text_model(R"(g (float[N,3] x) => (float[] r) { s = Shape(x)  r = Reshape(x, s) })");
  EXPECT_EQ(apply("fold_shape_data", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
