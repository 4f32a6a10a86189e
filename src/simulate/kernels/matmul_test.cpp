#include "simulate/test_support.h"

namespace acuate {
namespace {

constexpr const char* kWeights =
    "uint8[1] wz = {1}, float[1] ws = {0.5}, uint8[2,3] wq = {0, 1, 2, 3, 4, 5}, ";

TEST(MatMul, RowsByAMatrix) {
  const auto out =
      simulate(on_grids("[2,2]", kWeights, "w = DequantizeLinear(wq, ws, wz) y = MatMul(a, w)"),
               Tensor::of<float>({2, 2}, {1, 2, 3, 5}));
  ASSERT_EQ(out.error, "");
  // w = [-0.5 0 0.5; 1 1.5 2]: 1.5, 3, 4.5; 3.5, 7.5, 11.5; halves to even.
  EXPECT_EQ(out.values, (std::vector<float>{2, 3, 4, 4, 8, 12}));
}

TEST(MatMul, TwoActivations) {
  const auto out = simulate(on_grids("[2,2]", "", "t = Transpose(a) y = MatMul(a, t)"),
                            Tensor::of<float>({2, 2}, {1, 2, 3, 5}));
  ASSERT_EQ(out.error, "");
  EXPECT_EQ(out.values, (std::vector<float>{5, 13, 13, 34}));
}

TEST(MatMul, GemmWithAFactorIsNotComputed) {
  EXPECT_NE(simulate(on_grids("[2,2]", kWeights,
                              "w = DequantizeLinear(wq, ws, wz) y = Gemm<alpha = 2.0>(a, w)"),
                     Tensor::of<float>({2, 2}, {0, 0, 0, 0}))
                .error.find("it is scaled"),
            std::string::npos);
}

}  // namespace
}  // namespace acuate
