#include "simulate/test_support.h"

namespace acuate {
namespace {

TEST(Move, ReshapeAndSlice) {
  const Tensor x = Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  const auto reshaped =
      simulate(on_grids("[2,3]", "int64[2] w = {3, -1}, ", "y = Reshape(a, w)"), x);
  ASSERT_EQ(reshaped.error, "");
  EXPECT_EQ(reshaped.shape, (Shape{3, 2}));
  EXPECT_EQ(reshaped.values, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(
      simulate(
          on_grids("[2,3]",
                   "int64[1] s = {-1}, int64[1] e = {-9}, int64[1] n = {1}, int64[1] t = {-2}, ",
                   "y = Slice(a, s, e, n, t)"),
          x)
          .values,
      (std::vector<float>{3, 1, 6, 4}));
}

TEST(Move, PaddingIsZero) {
  const Tensor x = Tensor::of<float>({2}, {4, 5});
  EXPECT_EQ(simulate(on_grids("[2]", "int64[2] w = {1, 2}, ", "y = Pad(a, w)"), x).values,
            (std::vector<float>{0, 4, 5, 0, 0}));
  EXPECT_NE(
      simulate(on_grids("[2]", "int64[2] w = {1, 2}, float v = {1.0}, ", "y = Pad(a, w, v)"), x)
          .error.find("only zero"),
      std::string::npos);
}

TEST(Move, SplitHasSeveralResults) {
  EXPECT_EQ(simulate(on_grids("[4]", "int64[2] w = {1, 3}, ", "b, c = Split(a, w) y = Add(b, c)"),
                     Tensor::of<float>({4}, {10, 1, 2, 3}))
                .values,
            (std::vector<float>{11, 12, 13}));
}

}  // namespace
}  // namespace acuate
