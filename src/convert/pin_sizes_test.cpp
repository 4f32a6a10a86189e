#include "convert/pin_sizes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "onnx_io/text_form.h"
#include "shape/infer.h"

namespace acuate {
namespace {
using testing::HasSubstr;

std::unique_ptr<Model> net() {
  auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17]>
    n (float[1, 3, h, w] x) => (float[1, 3, h, w] y) { a = Relu(x)  y = Neg(a) })");
  EXPECT_TRUE(model) << model.error().message;
  infer_shapes(**model);
  return std::move(*model);
}

std::string types(const Model& model) {
  std::string text;
  for (const char* name : {"x", "a", "y"}) text += model.graph().find(name)->type.text() + " ";
  return text;
}

std::vector<Tensor> sample(Shape shape) {
  return {Tensor::allocate(ElementType::Float, std::move(shape))};
}

TEST(PinSizes, OfTheCopyAndOpenAgain) {
  const auto model = net();
  auto pinned = pin_sizes(*model, sample({1, 3, 4, 6}));
  ASSERT_TRUE(pinned) << pinned.error().message;
  EXPECT_EQ(types(**pinned), "float32[1, 3, 4, 6] float32[1, 3, 4, 6] float32[1, 3, 4, 6] ");
  open_sizes(**pinned, *model);
  EXPECT_EQ(types(**pinned), types(*model));
  EXPECT_THAT(types(*model), HasSubstr("float32[1, 3, h, w]"));
}

TEST(PinSizes, RefusesSamplesThatDoNotFit) {
  for (const Shape& shape : {Shape{1, 4, 4, 6}, Shape{3, 4, 6}}) {
    const auto pinned = pin_sizes(*net(), sample(shape));
    ASSERT_FALSE(pinned);
    EXPECT_THAT(pinned.error().message,
                HasSubstr("input 'x' is float32[1, 3, h, w], samples are of shape"));
  }
}

}  // namespace
}  // namespace acuate
