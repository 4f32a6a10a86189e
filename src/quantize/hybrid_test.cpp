#include "quantize/hybrid.h"

#include "quantize/test_support.h"

namespace acuate {
namespace {

// Two branches; the second one's activation has an outlier that leaves the rest a few steps.
constexpr const char* kNet = R"(net (float[1,2,8,8] x) => (float[1,2,8,8] y) <
    float[2,2,1,1] w = {1.0, 0.3, -0.2, 0.7}, float[2,2,1,1] v = {0.9, 0.1, 0.2, -0.8},
    float[2,2,1,1] u = {0.4, 0.6, -0.5, 0.2}, float k = {9.0}> {
    a = Conv(x, w)  p = Mul(a, k)  q = Exp(p)  b = Conv(q, v)  c = Conv(x, u)  s = Sigmoid(b)
    y = Add(s, c) })";

Result<Quantized> quantized_with(const Model& model, QuantizeOptions options) {
  options.recover.emplace();
  options.range = "minmax";
  return quantize_model(model, runtime(), 4, noise_samples({1, 2, 8, 8}), options);
}

TEST(Hybrid, PromotesWhatHarmsTheOutput) {
  auto model = typed_model(kNet);
  QuantizeOptions options;
  options.hybrid = "float";
  options.hybrid_share = 0.41;  // two of five or more
  auto quantized = quantized_with(*model, options);
  ASSERT_TRUE(quantized) << quantized.error().message;
  const Hybrid& hybrid = *quantized->hybrid;
  EXPECT_EQ(hybrid.promoted, static_cast<size_t>(0.41 * static_cast<double>(hybrid.activations)));
  EXPECT_EQ(quantized->encodings.find(hybrid.order[0].tensor), nullptr);
  auto plain = quantized_with(*model, {});
  ASSERT_TRUE(plain);
  const auto inputs = *noise_samples({1, 2, 8, 8})(7);
  const Tensor expected = run_model(*model, inputs)[0];
  EXPECT_LT(relative_noise(expected, run_model(*quantized->model, inputs)[0]),
            relative_noise(expected, run_model(*plain->model, inputs)[0]));
}

TEST(Hybrid, TheCurveFallsAndEndsWithAll) {
  auto model = typed_model(kNet);
  QuantizeOptions options;
  options.hybrid = "float";
  options.hybrid_sqnr_db = 20;
  auto quantized = quantized_with(*model, options);
  ASSERT_TRUE(quantized) << quantized.error().message;
  const Hybrid& hybrid = *quantized->hybrid;
  ASSERT_GE(hybrid.curve.size(), 3U);
  EXPECT_EQ(hybrid.curve.front().promoted, 0U);
  EXPECT_EQ(hybrid.curve.back().promoted, hybrid.activations);
  EXPECT_EQ(hybrid.curve.back().macs_8bit_share, 0);
  for (size_t i = 1; i < hybrid.curve.size(); ++i)
    EXPECT_LE(hybrid.curve[i].predicted_noise, hybrid.curve[i - 1].predicted_noise);
  EXPECT_LT(*hybrid.curve.back().measured_noise, *hybrid.curve.front().measured_noise);
}

TEST(Hybrid, AFloorThatCannotBeReachedIsSaid) {
  auto model = typed_model(kNet);
  QuantizeOptions options;
  options.hybrid = "float";
  options.hybrid_share = 0.0;
  options.hybrid_sqnr_db = 200;
  auto quantized = quantized_with(*model, options);
  ASSERT_TRUE(quantized) << quantized.error().message;
  EXPECT_FALSE(quantized->hybrid->accepted);
}

TEST(Hybrid, AnUnknownSchemeIsRefused) {
  auto model = typed_model(kNet);
  QuantizeOptions options;
  options.hybrid = "s17";
  auto quantized = quantized_with(*model, options);
  ASSERT_FALSE(quantized);
  EXPECT_NE(quantized.error().message.find("s17"), std::string::npos);
}

}  // namespace
}  // namespace acuate
