#include "targets/sizes_within.h"

#include <gtest/gtest.h>

#include "targets/quantization_test_support.h"

namespace acuate {
namespace {

const ShapeRanges kSizes = {{"x", {{1, 4, 8}, {1, 6, 16}, {2, 8, 32}}}};

std::unique_ptr<Model> network() {
  return typed_model(
      "g (float[N,H,W] x) => (float[n] y, float[m] z) <int64[1] last = {2}, int64[1] all = {-1}, "
      "int64[1] big = {256}> { [flat] f = Reshape(x, all) [shape] s = Shape(x) [width] w = "
      "Gather(s, last) [rest] r = Div(big, w) [rows] q = ConstantOfShape(r) [halves] y = MaxPool "
      "<kernel_shape = [2], strides = [2]> (x) [kept] z = NonZero(f) }");
}

TEST(SizesWithin, FollowTheInputs) {
  const auto model = network();
  const SizesWithin sizes(*model, kSizes);
  EXPECT_TRUE(sizes.is_complete());
  const auto flat = sizes.shape("f");
  ASSERT_TRUE(flat);
  EXPECT_EQ(flat->min, Shape({32}));
  EXPECT_EQ(flat->opt, Shape({96}));
  EXPECT_EQ(flat->max, Shape({512}));
  EXPECT_EQ(sizes.shape("y")->max, Shape({2, 8, 16}));
}

TEST(SizesWithin, ReadSizesOutOfTensors) {
  const auto model = network();
  const SizesWithin sizes(*model, kSizes);
  const auto shape = sizes.contents("s");
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->opt, Shape({1, 6, 16}));
  EXPECT_EQ(sizes.contents("x"), std::nullopt);
}

// 256 // W is least where W is largest.
TEST(SizesWithin, AreInOrderWhereAModelTurnsThemRound) {
  const auto model = network();
  const auto rows = SizesWithin(*model, kSizes).shape("q");
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->min, Shape({8}));
  EXPECT_EQ(rows->opt, Shape({16}));
  EXPECT_EQ(rows->max, Shape({32}));
}

TEST(SizesWithin, SayNothingOfWhatDependsOnData) {
  const auto model = network();
  const SizesWithin sizes(*model, kSizes);
  EXPECT_EQ(sizes.shape("z"), std::nullopt);
  EXPECT_EQ(sizes.shape("nobody"), std::nullopt);
}

TEST(SizesWithin, AreNotCompleteWithoutTheInputs) {
  const auto model = network();
  const SizesWithin sizes(*model, {});
  EXPECT_FALSE(sizes.is_complete());
  EXPECT_EQ(sizes.shape("f"), std::nullopt);
}

}  // namespace
}  // namespace acuate
