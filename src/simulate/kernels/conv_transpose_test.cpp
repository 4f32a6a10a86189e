#include "simulate/test_support.h"

namespace acuate {
namespace {

constexpr const char* kWeights =
    "uint8[1] wz = {0}, float[1] ws = {1.0}, uint8[1,1,1,3] wq = {1, 2, 3}, ";

TEST(ConvTranspose, SpreadsEachElement) {
  const auto out = simulate(
      on_grids("[1,1,1,2]", kWeights,
               "w = DequantizeLinear(wq, ws, wz) y = ConvTranspose<strides = [1, 2]>(a, w)"),
      Tensor::of<float>({1, 1, 1, 2}, {10, 1}));
  ASSERT_EQ(out.error, "");
  EXPECT_EQ(out.values, (std::vector<float>{10, 20, 31, 2, 3}));
}

TEST(ConvTranspose, NoPadsThatFollowFromTheResult) {
  EXPECT_NE(simulate(on_grids("[1,1,1,2]", kWeights,
                              "w = DequantizeLinear(wq, ws, wz) "
                              "y = ConvTranspose<output_shape = [1, 4]>(a, w)"),
                     Tensor::of<float>({1, 1, 1, 2}, {0, 0}))
                .error.find("output_shape"),
            std::string::npos);
}

}  // namespace
}  // namespace acuate
