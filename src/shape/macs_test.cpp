#include "shape/macs.h"

#include <gtest/gtest.h>

#include "onnx_io/text_form.h"
#include "shape/infer.h"

namespace acuate {
namespace {

TEST(MultiplyAccumulates, FollowTheShapes) {
  auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,4,8,8] x, float[6,2,3,3] w, float[4,3,2,2] t, float[5,7] a, float[7,9] b) => (float[] y, float[] u, float[] m, float[] r) {
      y = Conv<group = 2, pads = [1,1,1,1]>(x, w)  u = ConvTranspose<strides = [2,2]>(x, t)  m = MatMul(a, b)  r = Relu(m) })");
  ASSERT_TRUE(model) << model.error().message;
  infer_shapes(**model);
  std::vector<int64_t> macs;
  for (const Node* node = (*model)->graph().first(); node != nullptr; node = node->next())
    macs.push_back(*multiply_accumulates(*node));
  EXPECT_EQ(macs, (std::vector<int64_t>{6 * 8 * 8 * 2 * 9, 4 * 8 * 8 * 3 * 4, 5 * 9 * 7, 0}));
}

TEST(MultiplyAccumulates, DynamicShapesHaveNone) {
  auto model = parse_text_model(
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[N,7] a, float[7,9] b) => (float[] m) { m = MatMul(a, b) })");
  infer_shapes(**model);
  EXPECT_FALSE(multiply_accumulates(*(*model)->graph().first()).has_value());
}

}  // namespace
}  // namespace acuate
