#include "quantize/quantize.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

// An even background with a few other values, whose mean is the output: all errors of the
// background are one error, which the mean does not average away.
Result<std::vector<Tensor>> background(size_t sample) {
  auto noise = noise_samples({1, 1, 16, 16})(sample);
  const auto x = (*noise)[0].mutable_values<float>();
  for (size_t i = 0; i < x.size(); ++i)
    if (i % 8 != 0) x[i] = 0.0371F;
  return noise;
}

constexpr const char* kMean = R"(net (float[1,1,16,16] x) => (float[1,2,1,1] y)
    <float[2,1,1,1] w = {1.0, 2.0}> { c = Conv(x, w)  y = GlobalAveragePool(c) })";

QuantizeOptions plain(const std::string& range) {
  QuantizeOptions options;
  options.range = range;
  options.recover.emplace();
  return options;
}

double output_noise(const Model& model, const std::string& range) {
  auto quantized = quantize_model(model, runtime(), 4, background, plain(range));
  EXPECT_TRUE(quantized) << (quantized ? "" : quantized.error().message);
  if (!quantized) return NAN;
  double sum = 0;
  for (size_t sample = 4; sample < 8; ++sample)
    sum += relative_noise(run_model(model, *background(sample))[0],
                          run_model(*quantized->model, *background(sample))[0]);
  return sum;
}

TEST(SqnrOutput, SparesWhatEvenBackgroundsDoToTheOutputs) {
  auto model = typed_model(kMean);
  EXPECT_LT(output_noise(*model, "sqnr-output"), output_noise(*model, "mse") / 4);
}

TEST(SqnrOutput, TellsItsRangesAsTheyAre) {
  auto model = typed_model(kMean);
  auto quantized = quantize_model(*model, runtime(), 4, background, plain("sqnr-output"));
  ASSERT_TRUE(quantized) << quantized.error().message;
  for (const TensorEncoding& encoding : quantized->encodings.tensors) {
    if (encoding.quantization.per_channel_axis >= 0) continue;
    EXPECT_EQ(encoding.range_method, "sqnr-output");
    EXPECT_NEAR((encoding.range_max - encoding.range_min) / 255, encoding.quantization.scale[0],
                1e-3 * encoding.quantization.scale[0])
        << encoding.tensor;
  }
}

TEST(SqnrOutput, NeedsSamples) {
  auto model = typed_model(kMean);
  auto measured = calibrate(*model, runtime(), {"x", "c", "y"}, 2, background);
  ASSERT_TRUE(measured);
  QuantizeOptions options = plain("sqnr-output");
  options.measured = &*measured;
  auto quantized = quantize_model(*model, runtime(), 0, background, options);
  ASSERT_FALSE(quantized);
  EXPECT_NE(quantized.error().message.find("sqnr-output"), std::string::npos);
  EXPECT_NE(quantized.error().message.find("samples"), std::string::npos);
}

}  // namespace
}  // namespace acuate
