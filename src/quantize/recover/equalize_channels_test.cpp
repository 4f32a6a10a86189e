#include "quantize/quantize.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

// Channel 1 is a thousandth of channel 0 where the depthwise convolution reads it, and as large
// behind it.
constexpr const char* kNet = R"(net (float[1,2,8,8] x) => (float[1,2,8,8] y) <
    float[2,2,1,1] w = {1.0, 0.0, 0.0, 0.001}, float[2,1,1,1] d = {1.0, 1000.0}> {
    c = Conv(x, w)  g = HardSigmoid(c)  t = Mul(c, g)  y = Conv <group = 2> (t, d) })";

Result<Quantized> quantize_with(const Model& model, std::optional<std::vector<std::string>> ids) {
  QuantizeOptions options;
  options.recover = std::move(ids);
  return quantize_model(model, runtime(), 4, noise_samples({1, 2, 8, 8}), options);
}

TEST(EqualizeChannels, GivesNarrowChannelsTheirSteps) {
  auto model = typed_model(kNet);
  const auto inputs = *noise_samples({1, 2, 8, 8})(9);
  const Tensor expected = run_model(*model, inputs)[0];
  auto plain = quantize_with(*model, std::vector<std::string>{});
  auto equal = quantize_with(*model, std::vector<std::string>{"equalize-channels"});
  ASSERT_TRUE(plain && equal) << equal.error().message;
  ASSERT_EQ(equal->recovery.size(), 1U);
  EXPECT_EQ(equal->recovery[0].places, 1U);
  EXPECT_NE(equal->encodings.find("t_scaled"), nullptr);
  const double before = relative_noise(expected, run_model(*plain->model, inputs)[0]);
  const double after = relative_noise(expected, run_model(*equal->model, inputs)[0]);
  EXPECT_LT(after, before / 20);
}

TEST(EqualizeChannels, IsChosenByWhatItGains) {
  auto model = typed_model(kNet);
  auto quantized = quantize_with(*model, {});
  ASSERT_TRUE(quantized) << quantized.error().message;
  for (const RecoveryOutcome& outcome : quantized->recovery)
    if (outcome.id == "equalize_channels") {
      EXPECT_TRUE(outcome.used);
      EXPECT_GT(outcome.gain_db.value_or(0), 10);
    }
}

TEST(EqualizeChannels, LeavesWhatHasNoDepthwiseReader) {
  auto model = typed_model(R"(net (float[1,2,8,8] x) => (float[1,2,8,8] y) <
    float[2,2,1,1] w = {1.0, 0.0, 0.0, 0.001}, float[2,2,1,1] d = {1.0, 0.0, 0.0, 1000.0}> {
    t = Conv(x, w)  y = Conv(t, d) })");
  auto quantized = quantize_with(*model, std::vector<std::string>{"equalize_channels"});
  ASSERT_TRUE(quantized) << quantized.error().message;
  EXPECT_EQ(quantized->recovery[0].places, 0U);
}

TEST(EqualizeChannels, AnUnknownRecoveryIsToldWithThoseThereAre) {
  auto model = typed_model(kNet);
  auto quantized = quantize_with(*model, std::vector<std::string>{"magic"});
  ASSERT_FALSE(quantized);
  EXPECT_NE(quantized.error().message.find("equalize-channels"), std::string::npos);
}

}  // namespace
}  // namespace acuate
