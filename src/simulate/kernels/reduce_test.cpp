#include "simulate/test_support.h"

namespace acuate {
namespace {

TEST(Reduce, MeansSumsAndExtremes) {
  const Tensor x = Tensor::of<float>({2, 3}, {1, 2, 6, -1, 0, 2});
  EXPECT_EQ(
      simulate(on_grids("[2,3]", "", "y = ReduceMean<axes = [1], keepdims = 0>(a)"), x).values,
      (std::vector<float>{3, 0}));
  EXPECT_EQ(simulate(on_grids("[2,3]", "int64[1] w = {0}, ", "y = ReduceSum(a, w)"), x).values,
            (std::vector<float>{0, 2, 8}));
  EXPECT_EQ(simulate(on_grids("[2,3]", "", "y = ReduceMax<axes = [-1]>(a)"), x).values,
            (std::vector<float>{6, 2}));
  EXPECT_EQ(simulate(on_grids("[2,3]", "", "y = ReduceMin<axes = [0, 1]>(a)"), x).values,
            (std::vector<float>{-1}));
}

TEST(Reduce, AxesMustBeConstant) {
  EXPECT_NE(simulate(on_grids("[2,3]", "", "s = Shape(a) y = ReduceSum(a, s)"),
                     Tensor::of<float>({2, 3}, {0, 0, 0, 0, 0, 0}))
                .error.find("not computed on integers"),
            std::string::npos);
}

}  // namespace
}  // namespace acuate
