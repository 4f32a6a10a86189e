#include "quantize/explain.h"

#include <cmath>

#include "numeric/quantize_values.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

// Behind the second convolution channel 1 is a twentieth of channel 0, and both end alike: the grid
// of `t` is what harms.
constexpr const char* kNet = R"(net (float[1,2,8,8] x) => (float[1,2,8,8] y) <
    float[2,2,1,1] w = {1.0, 0.0, 0.0, 1.0}, float[2,2,1,1] v = {1.0, 0.0, 0.0, 0.05},
    float[2,2,1,1] d = {1.0, 0.0, 0.0, 20.0}> {
    c = Conv(x, w)  t = Conv(c, v)  y = Conv(t, d) })";

Quantized quantized_net(const Model& model, const SampleLoader& load) {
  QuantizeOptions options;
  options.range = "minmax";
  options.recover.emplace();
  auto quantized = quantize_model(model, runtime(), 4, load, options);
  EXPECT_TRUE(quantized) << (quantized ? "" : quantized.error().message);
  return std::move(*quantized);
}

TEST(ExplainQuantization, NamesTheTensorThatHarms) {
  auto model = typed_model(kNet);
  const SampleLoader load = noise_samples({1, 2, 8, 8});
  const Quantized quantized = quantized_net(*model, load);
  const auto explanation = explain_quantization(quantized, runtime(), 4, load);
  ASSERT_TRUE(explanation) << explanation.error().message;
  ASSERT_EQ(explanation->tensors.size(), quantized.encodings.tensors.size());
  const TensorExplanation& worst = explanation->tensors[0];
  EXPECT_EQ(worst.tensor, "t");
  EXPECT_EQ(worst.layer, model->graph().find("t")->producer->address());
  EXPECT_FALSE(worst.is_weight);
  EXPECT_GT(worst.share, 0.9);
  EXPECT_GT(worst.int16_gain_db, 10);
  double shares = 0;
  for (const TensorExplanation& row : explanation->tensors) shares += row.share;
  EXPECT_NEAR(shares, 1, 1e-9);

  // Against the emitted model, run by itself.
  double noise = 0;
  for (size_t sample = 0; sample < 4; ++sample) {
    const auto inputs = *load(sample);
    noise += relative_noise(run_model(*model, inputs)[0], run_model(*quantized.model, inputs)[0]);
  }
  const double measured = -10 * std::log10(noise / 4);
  EXPECT_NEAR(*explanation->predicted_sqnr_db, measured, 2);
  for (const TensorExplanation& row : explanation->tensors)
    if (row.tensor == "y") {
      EXPECT_NEAR(row.cumulative_sqnr_db.value(), measured, 0.5);
    }
}

TEST(ExplainQuantization, NeedsSamples) {
  auto model = typed_model(kNet);
  const SampleLoader load = noise_samples({1, 2, 8, 8});
  const auto explanation = explain_quantization(quantized_net(*model, load), runtime(), 0, load);
  ASSERT_FALSE(explanation);
  EXPECT_NE(explanation.error().message.find("--data"), std::string::npos);
}

}  // namespace
}  // namespace acuate
