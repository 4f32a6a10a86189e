#include "quantize/weight_range.h"

#include "numeric/quantize_values.h"
#include "quantize/quantize.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

double error_of(const Tensor& weights, const Quantization& grid) {
  Tensor rounded = Tensor::of<float>(weights.shape(), weights.values<float>());
  EXPECT_TRUE(fake_quantize(rounded, grid));
  double sum = 0;
  for (size_t i = 0; i < rounded.values<float>().size(); ++i) {
    const double error = weights.values<float>()[i] - rounded.values<float>()[i];
    sum += error * error;
  }
  return sum;
}

// [2, 16384]: even, but for one weight of the first row that is a little further out.
Tensor weights() {
  Tensor tensor = Tensor::allocate(ElementType::Float, {2, 16384});
  const auto values = tensor.mutable_values<float>();
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>((i * 37) % 101) / 100 - 0.5F;
  values[0] = 0.52F;
  return tensor;
}

TEST(WeightRange, ClipsWhereThatPaysAndNowhereElse) {
  const Tensor tensor = weights();
  const Scheme& s8 = *schemes().lookup("s8");
  auto widest = quantization_of(tensor, s8, 0, true);
  ASSERT_TRUE(widest);
  auto best = least_error_scales(tensor, s8, *widest);
  ASSERT_TRUE(best) << best.error().message;
  EXPECT_LT(best->scale[0], 0.98F * widest->scale[0]);
  EXPECT_EQ(best->zero_point, widest->zero_point);
  EXPECT_LT(error_of(tensor, *best), error_of(tensor, *widest));
  Quantization other = *best;
  for (const float part : {0.97F, 1.03F}) {
    other.scale[1] = best->scale[1] * part;
    EXPECT_GE(error_of(tensor, other), 0.98 * error_of(tensor, *best));
  }
}

TEST(WeightRange, AlsoOfOneAsymmetricScale) {
  const Tensor tensor = weights();
  const Scheme& u8 = *schemes().lookup("u8");
  auto widest = quantization_of(tensor, u8, -1, false);
  ASSERT_TRUE(widest);
  auto best = least_error_scales(tensor, u8, *widest);
  ASSERT_TRUE(best) << best.error().message;
  EXPECT_LE(error_of(tensor, *best), error_of(tensor, *widest));
}

TEST(WeightRange, PowersOfTwoStay) {
  const Tensor tensor = weights();
  const Scheme& fixed = *schemes().lookup("dfp8");
  auto widest = quantization_of(tensor, fixed, -1, false);
  ASSERT_TRUE(widest);
  EXPECT_EQ(*least_error_scales(tensor, fixed, *widest), *widest);
}

TEST(WeightRange, IsWhatTheOptionSays) {
  auto model = typed_model(R"(net (float[1,2,8,8] x) => (float[1,1,8,8] y)
      <float[1,2,1,1] w = {1.0, 0.45}> { y = Conv(x, w) })");
  QuantizeOptions options;
  options.recover.emplace();
  options.range = "minmax";
  for (const char* method : {"minmax", "mse"}) {
    options.weight_range = method;
    auto quantized = quantize_model(*model, runtime(), 2, noise_samples({1, 2, 8, 8}), options);
    ASSERT_TRUE(quantized) << quantized.error().message;
    EXPECT_EQ(quantized->encodings.find("w")->range_method, method);
  }
  options.weight_range = "median";
  auto unknown = quantize_model(*model, runtime(), 2, noise_samples({1, 2, 8, 8}), options);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("median"), std::string::npos);
}

}  // namespace
}  // namespace acuate
