#include "quantize/quantize.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

double mean_error(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (size_t i = 0; i < a.values<float>().size(); ++i)
    sum += b.values<float>()[i] - a.values<float>()[i];
  return sum / static_cast<double>(a.values<float>().size());
}

// Positive data times a weight that its channel's coarse grid rounds down: the mean shifts.
void expect_mean_restored(const std::string& net, const std::string& bias) {
  SCOPED_TRACE(net);
  auto model = typed_model(net);
  const SampleLoader load = noise_samples({1, 8, 16, 16});
  QuantizeOptions options;
  options.recover = std::vector<std::string>{};
  auto plain = quantize_model(*model, runtime(), 4, load, options);
  options.recover = std::vector<std::string>{"correct-biases"};
  auto corrected = quantize_model(*model, runtime(), 4, load, options);
  ASSERT_TRUE(plain && corrected) << corrected.error().message;
  EXPECT_EQ(corrected->recovery[0].places, 1U);
  double before = 0, after = 0;
  for (size_t sample = 0; sample < 4; ++sample) {
    const auto inputs = *load(sample);
    const Tensor expected = run_model(*model, inputs)[0];
    before += mean_error(expected, run_model(*plain->model, inputs)[0]);
    after += mean_error(expected, run_model(*corrected->model, inputs)[0]);
  }
  EXPECT_GT(std::abs(before), 1e-2);
  EXPECT_LT(std::abs(after), std::abs(before) / 5);
  if (!bias.empty()) {
    EXPECT_NE(corrected->float_model->graph().find(bias), nullptr);
  }
}

TEST(CorrectBiases, RestoresTheMean) {
  // 0.0035 of ±1 is 0.4445 of a step.
  expect_mean_restored(R"(net (float[1,8,16,16] x) => (float[1,1,16,16] y) <
      float[1,8,1,1] w = {1.0, 0.0035, 0.0035, 0.0035, 0.0035, 0.0035, 0.0035, 0.0035}, float[1] b = {0.5}> {
      p = Abs(x)  y = Conv(p, w, b) })",
                       "");
  expect_mean_restored(R"(net (float[1,8,16,16] x) => (float[1,1,16,16] y) <
      float[1,8,1,1] w = {1.0, 0.0035, 0.0035, 0.0035, 0.0035, 0.0035, 0.0035, 0.0035}> { p = Abs(x)  y = Conv(p, w) })",
                       "y_bias");
}

TEST(CorrectBiases, HasNothingToDoForProductsWithoutABias) {
  auto model = typed_model(R"(net (float[4,4] x) => (float[4,2] y) <
      float[4,2] w = {1.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}> { y = MatMul(x, w) })");
  QuantizeOptions options;
  options.recover = std::vector<std::string>{"correct_biases"};
  auto quantized = quantize_model(*model, runtime(), 2, noise_samples({4, 4}), options);
  ASSERT_TRUE(quantized) << quantized.error().message;
  EXPECT_EQ(quantized->recovery[0].places, 0U);
}

}  // namespace
}  // namespace acuate
