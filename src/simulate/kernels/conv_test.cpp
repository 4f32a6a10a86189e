#include "simulate/test_support.h"

namespace acuate {
namespace {

// w stands for -0.25, 0, 0.25, ...
constexpr const char* kWeights =
    "uint8[1] wz = {2}, float[1] ws = {0.25}, uint8[1,1,2,2] wq = {1, 2, 3, 6}, ";

TEST(Conv, SumsExactlyAndRoundsOnce) {
  const auto out =
      simulate(on_grids("[1,1,2,3]", kWeights, "w = DequantizeLinear(wq, ws, wz) y = Conv(a, w)"),
               Tensor::of<float>({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}));
  ASSERT_EQ(out.error, "");
  EXPECT_EQ(out.shape, (Shape{1, 1, 1, 2}));
  // -0.25 * 1 + 0.25 * 4 + 5 = 5.75; -0.5 + 1.25 + 6 = 6.75.
  EXPECT_EQ(out.values, (std::vector<float>{6, 7}));
}

TEST(Conv, PaddingIsTheZeroPoint) {
  const auto out =
      simulate(on_grids("[1,1,1,1]", kWeights,
                        "w = DequantizeLinear(wq, ws, wz) y = Conv<pads = [1, 1, 1, 1]>(a, w)"),
               Tensor::of<float>({1, 1, 1, 1}, {4}));
  ASSERT_EQ(out.error, "");
  EXPECT_EQ(out.values, (std::vector<float>{4, 1, 0, -1}));
}

TEST(Conv, ManyChannelsOfEveryVariant) {
  std::string wq, b;
  for (int i = 0; i < 70 * 3 * 9; ++i) wq += fmt::format("{}{}", i == 0 ? "" : ", ", i * 7 % 256);
  const std::string constants = fmt::format(
      "uint8[1] wz = {{130}}, float[1] ws = {{0.001}}, uint8[70,3,3,3] wq = {{{}}}, ", wq);
  Tensor x = Tensor::allocate(ElementType::Float, {1, 3, 9, 11});
  for (size_t i = 0; i < 297; ++i)
    x.mutable_values<float>()[i] = static_cast<float>(i * 37 % 200) / 2;
  std::vector<std::vector<float>> results;
  for (const VectorKernels& vector : vector_kernels()) {
    const auto out =
        simulate(on_grids("[1,3,9,11]", constants,
                          "w = DequantizeLinear(wq, ws, wz) y = Conv<strides = [2, 1]>(a, w)"),
                 x, vector);
    ASSERT_EQ(out.error, "");
    EXPECT_EQ(out.shape, (Shape{1, 70, 4, 9}));
    results.push_back(out.values);
    EXPECT_EQ(results.back(), results.front()) << vector.name;
  }
}

TEST(Conv, WeightsNeedAGridAndTwoAxes) {
  const Tensor x = Tensor::of<float>({1, 1, 2, 3}, {0, 0, 0, 0, 0, 0});
  EXPECT_NE(simulate(on_grids("[1,1,2,3]", "float[1,1,1,1] w = {1.0}, ", "y = Conv(a, w)"), x)
                .error.find("its weights are no constant on a grid"),
            std::string::npos);
  const std::string volume = "uint8[1] wz = {2}, float[1] ws = {0.25}, uint8[1,1,1,1,1] wq = {1}, ";
  EXPECT_NE(
      simulate(on_grids("[1,1,1,2,3]", volume, "w = DequantizeLinear(wq, ws, wz) y = Conv(a, w)"),
               x.reshaped({1, 1, 1, 2, 3}))
          .error.find("3 spatial axes"),
      std::string::npos);
}

}  // namespace
}  // namespace acuate
