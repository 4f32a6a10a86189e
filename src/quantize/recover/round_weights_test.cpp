#include "quantize/quantize.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

// How much noise the recovery leaves of what there was; the layer's data are alike in all channels.
double remaining_noise(const std::string& layer, const std::string& weights) {
  SCOPED_TRACE(layer);
  auto model =
      typed_model("net (float[1,1,12,12] x) => (float[1,n,h,w] y) <" + weights +
                  ", float[4,1,1,1] m = {1.0, 1.1, 0.9, 1.05}> { t = Conv(x, m) " + layer + " }");
  const SampleLoader load = noise_samples({1, 1, 12, 12});
  QuantizeOptions options;
  options.request.exclude = {"@t"};
  options.recover = std::vector<std::string>{};
  auto plain = quantize_model(*model, runtime(), 4, load, options);
  options.recover = std::vector<std::string>{"round-weights"};
  auto rounded = quantize_model(*model, runtime(), 4, load, options);
  EXPECT_TRUE(plain && rounded);
  if (!plain || !rounded) return 1;
  EXPECT_EQ(rounded->recovery[0].places, 1U);
  // Weights alone: activations are noisy too.
  double before = 0, after = 0;
  for (size_t sample = 0; sample < 4; ++sample) {
    const auto inputs = *load(sample + 10);
    const Tensor expected = run_model(*model, inputs)[0];
    before += relative_noise(expected, run_model(*plain->model, inputs)[0]);
    after += relative_noise(expected, run_model(*rounded->model, inputs)[0]);
  }
  return after / before;
}

TEST(RoundWeights, LeavesLessNoiseOfEachKindOfLayer) {
  // 0.4 of a step too little in each of three channels, of data that go together.
  EXPECT_LT(remaining_noise("y = Conv(t, w)", "float[1,4,1,1] w = {1.0, 0.0346, 0.0346, 0.0346}"),
            0.7);
  EXPECT_LT(remaining_noise("y = Conv <pads = [1, 0, 1, 0], strides = [2, 1]> (t, w)",
                            "float[1,4,2,1] w = {1.0, 0.0346, 0.0346, 0.0346, 0.9, 0.0346, 0.0346, "
                            "0.0346}"),
            0.9);
}

TEST(RoundWeights, LeavesWhatItCannotRead) {
  auto model = typed_model(R"(net (float[1,4,8,8] x) => (float[1,4,8,8] y) <
      float[4,2,1,1] w = {1.0, 0.5, 0.2, 0.1, 0.3, 0.4, 0.6, 0.7}> {
      y = Conv <group = 2> (x, w) })");
  QuantizeOptions options;
  options.recover = std::vector<std::string>{"round_weights"};
  auto quantized = quantize_model(*model, runtime(), 2, noise_samples({1, 4, 8, 8}), options);
  ASSERT_TRUE(quantized) << quantized.error().message;
  EXPECT_EQ(quantized->recovery[0].places, 0U);
}

}  // namespace
}  // namespace acuate
