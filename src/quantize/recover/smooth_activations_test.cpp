#include "quantize/quantize.h"
#include "quantize/test_support.h"
#include "targets/stand_in.h"

namespace acuate {
namespace {

// Feature 0 is a hundred times as large as the others, and its weights a hundredth of theirs.
std::string outliers(const std::string& normalization) {
  return R"(net (float[4,8,4] x) => (float[4,8,2] y) <float[4] s = {100.0, 1.0, 1.0, 1.0}, float[4] b = {5.0, 0.1, -0.1, 0.2},
    float[4,2] w = {0.01, -0.02, 1.0, -0.5, 0.25, 1.0, -1.0, 0.75}, float[2] c = {0.1, 0.2}> { )" +
         normalization + "  m = MatMul(n, w)  y = Add(m, c) }";
}
constexpr const char* kWhole = "n = LayerNormalization(x, s, b)";

Result<Quantized> quantize_with(const Model& model, const Target& target,
                                std::optional<std::vector<std::string>> ids) {
  QuantizeOptions options;
  options.recover = std::move(ids);
  return quantize_model(model, target, 4, noise_samples({4, 8, 4}), options);
}

TEST(SmoothActivations, FeaturesShareTheGrid) {
  const auto inputs = *noise_samples({4, 8, 4})(9);
  for (const char* id : {"onnxruntime", "vsi_npu"})
    for (const char* normalization : {kWhole, "t = Tanh(x)  p = Mul(t, s)  n = Add(p, b)"}) {
      auto model = typed_model(outliers(normalization));
      const Target target = *with_engine(*targets().lookup(id));
      const Tensor expected = run_model(*model, inputs)[0];
      auto plain = quantize_with(*model, target, std::vector<std::string>());
      auto smooth = quantize_with(*model, target, {{"smooth-activations"}});
      ASSERT_TRUE(plain && smooth) << smooth.error().message;
      EXPECT_EQ(smooth->recovery[0].places, 1U);
      EXPECT_NE(smooth->encodings.find("n_scaled"), nullptr);
      const double before = relative_noise(expected, run_model(*plain->model, inputs)[0]);
      const double after = relative_noise(expected, run_model(*smooth->model, inputs)[0]);
      EXPECT_LT(after, before / 3) << id << " " << normalization;
    }
}

TEST(SmoothActivations, IsChosenByWhatItGainsAndDoneAgain) {
  auto model = typed_model(outliers(kWhole));
  auto quantized = quantize_with(*model, runtime(), {});
  ASSERT_TRUE(quantized) << quantized.error().message;
  for (const RecoveryOutcome& outcome : quantized->recovery)
    if (outcome.id == "smooth_activations") {
      EXPECT_TRUE(outcome.used);
      EXPECT_GT(outcome.gain_db.value_or(0), 5);
    }
  auto again = apply_encodings(*model, runtime(), quantized->encodings, quantized->changes, 0, {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*model_bytes(*again->model), *model_bytes(*quantized->model));
}

TEST(SmoothActivations, LeavesWhatHasNothingToGain) {
  auto model =
      typed_model(R"(net (float[4,8,4] x) => (float[4,8,2] y) <float[4] s = {1.0, 1.0, 1.0, 1.0},
    float[4,2] w = {1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0, 1.0}> { n = LayerNormalization(x, s)  y = MatMul(n, w) })");
  auto quantized = quantize_with(*model, runtime(), {{"smooth_activations"}});
  ASSERT_TRUE(quantized) << quantized.error().message;
  EXPECT_EQ(quantized->recovery[0].places, 0U);
}

}  // namespace
}  // namespace acuate
