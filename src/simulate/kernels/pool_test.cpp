#include "simulate/test_support.h"

namespace acuate {
namespace {

TEST(Pool, AveragesAreRoundedOnce) {
  const Tensor x = Tensor::of<float>({1, 1, 1, 3}, {1, 2, 6});
  EXPECT_EQ(simulate(on_grids("[1,1,1,3]", "", "y = GlobalAveragePool(a)"), x).values,
            (std::vector<float>{3}));
  EXPECT_EQ(simulate(on_grids("[1,1,1,3]", "",
                              "y = AveragePool<kernel_shape = [1, 2], pads = [0, 1, 0, 0]>(a)"),
                     x)
                .values,
            (std::vector<float>{1, 2, 4}));
  EXPECT_EQ(simulate(on_grids("[1,1,1,3]", "",
                              "y = AveragePool<kernel_shape = [1, 2], pads = [0, 1, 0, 0], "
                              "count_include_pad = 1>(a)"),
                     x)
                .values,
            (std::vector<float>{0, 2, 4}));
}

TEST(Pool, GreatestElements) {
  EXPECT_EQ(simulate(on_grids("[1,1,1,3]", "", "y = MaxPool<kernel_shape = [1, 2]>(a)"),
                     Tensor::of<float>({1, 1, 1, 3}, {1, -2, 6}))
                .values,
            (std::vector<float>{1, 6}));
}

TEST(Pool, PlacesOfMaximaAreNotComputed) {
  EXPECT_NE(simulate(on_grids("[1,1,1,3]", "", "y, at = MaxPool<kernel_shape = [1, 2]>(a)"),
                     Tensor::of<float>({1, 1, 1, 3}, {1, -2, 6}))
                .error.find("places of the maxima"),
            std::string::npos);
}

}  // namespace
}  // namespace acuate
