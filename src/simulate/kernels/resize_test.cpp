#include "simulate/test_support.h"

namespace acuate {
namespace {

TEST(Resize, NearestMovesAndLinearRounds) {
  const Tensor x = Tensor::of<float>({1, 1, 1, 2}, {0, 4});
  EXPECT_EQ(simulate(on_grids("[1,1,1,2]", "float[4] w = {1.0, 1.0, 1.0, 2.0}, ",
                              "y = Resize<mode = \"nearest\">(a, , w)"),
                     x)
                .values,
            (std::vector<float>{0, 0, 4, 4}));
  EXPECT_EQ(simulate(on_grids("[1,1,1,2]", "float[4] w = {1.0, 1.0, 1.0, 2.0}, ",
                              "y = Resize<mode = \"linear\">(a, , w)"),
                     x)
                .values,
            (std::vector<float>{0, 1, 3, 4}));
}

TEST(Resize, CubicIsNotComputed) {
  EXPECT_NE(simulate(on_grids("[1,1,1,2]", "float[4] w = {1.0, 1.0, 1.0, 2.0}, ",
                              "y = Resize<mode = \"cubic\">(a, , w)"),
                     Tensor::of<float>({1, 1, 1, 2}, {0, 4}))
                .error.find("cubic"),
            std::string::npos);
}

}  // namespace
}  // namespace acuate
