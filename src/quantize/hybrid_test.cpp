#include "quantize/hybrid.h"

#include <cmath>
#include <set>

#include "quantize/hybrid_forms.h"
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

TEST(Hybrid, WhatExceedsTheBudgetStaysNarrow) {
  auto model = typed_model(kNet);
  QuantizeOptions options;
  options.hybrid = "s16";
  // Only the second convolution costs anything, and there is no budget for it.
  options.hybrid_work_of = [](const Node& layer) { return layer.output()->name == "b" ? 3.0 : 0; };
  options.hybrid_budget.total = 2;
  auto quantized = quantized_with(*model, options);
  ASSERT_TRUE(quantized) << quantized.error().message;
  const Hybrid& hybrid = *quantized->hybrid;
  EXPECT_EQ(hybrid.promoted, hybrid.activations - 1);
  EXPECT_EQ(hybrid.order.back().tensor, "q");
  EXPECT_EQ(quantized->encodings.find("q")->quantization.bits, 8);
  for (const HybridPoint& point : hybrid.curve)
    EXPECT_EQ(point.work_8bit_share, point.promoted == hybrid.activations ? 0 : 1);
  options.hybrid_budget.share = 0.0;
  auto none = quantized_with(*model, options);
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_EQ(none->encodings.find("q")->quantization.bits, 8);
}

TEST(Hybrid, TheJudgeDecidesAndItsValuesAreInTheCurve) {
  auto model = typed_model(kNet);
  QuantizeOptions options;
  options.hybrid = "s16";
  std::set<size_t> wide;  // in the models that were judged
  options.hybrid_judge = [&](const Quantized& candidate) -> Result<HybridVerdict> {
    size_t count = 0;
    for (const TensorEncoding& encoding : candidate.encodings.tensors)
      count += encoding.quantization.bits == 16 &&
               !candidate.float_model->graph().find(encoding.tensor)->is_constant();
    wide.insert(count);
    return HybridVerdict{count >= 2, {{"wide", static_cast<double>(count)}}};
  };
  auto quantized = quantized_with(*model, options);
  ASSERT_TRUE(quantized) << quantized.error().message;
  EXPECT_EQ(quantized->hybrid->promoted, 2U);
  EXPECT_TRUE(wide.count(1) > 0 && wide.count(2) > 0);
  size_t told = 0;
  for (const HybridPoint& point : quantized->hybrid->curve)
    for (const auto& [name, value] : point.verdict.values)
      told += value == static_cast<double>(point.promoted);
  EXPECT_EQ(told, wide.size());
}

// 8 bits of weights would leave 40 dB or so.
TEST(Hybrid, WeightsOfPromotedLayersAreWideToo) {
  auto model = typed_model(R"(net (float[1,2,8,8] x) => (float[1,2,8,8] y)
      <float[2,2,1,1] w = {1.0, 0.31, -0.2, 0.7}, float[2,2,1,1] v = {0.9, 0.13, 0.2, -0.8}> {
    a = Conv(x, w)  r = Relu(a)  y = Conv(r, v) })");
  QuantizeOptions options;
  options.hybrid = "s16";
  auto quantized = quantized_with(*model, options);
  ASSERT_TRUE(quantized) << quantized.error().message;
  for (const char* weight : {"w", "v"})
    EXPECT_EQ(quantized->encodings.find(weight)->quantization.bits, 16) << weight;
  const HybridPoint& all = quantized->hybrid->curve.back();
  EXPECT_LT(*all.measured_noise, 1e-6);
  EXPECT_NEAR(std::log10(all.predicted_noise), std::log10(*all.measured_noise), 0.5);
  const HybridPoint& none = quantized->hybrid->curve.front();
  EXPECT_NEAR(std::log10(none.predicted_noise), std::log10(*none.measured_noise), 0.5);
}

TEST(HybridForms, SharedWeightsAreWideWithTheLastOfTheirData) {
  auto model = typed_model(R"(net (float[1,2,8,8] x, float[1,2,8,8] z) => (float[1,2,8,8] y)
      <float[2,2,1,1] w = {1.0, 0.3, -0.2, 0.7}> {
    a = Conv(x, w)  b = Conv(z, w)  y = Add(a, b) })");
  const SampleLoader load = [](size_t sample) -> Result<std::vector<Tensor>> {
    return std::vector<Tensor>{(*noise_samples({1, 2, 8, 8})(sample))[0],
                               (*noise_samples({1, 2, 8, 8})(sample + 100))[0]};
  };
  QuantizeOptions options;
  const auto range = parse_range_method("minmax");
  const Quantizer quantizer(*model, runtime(), *range, options);
  auto prepared = quantizer.prepare({}, 2, load);
  ASSERT_TRUE(prepared) << prepared.error().message;
  const HybridLayers layers = HybridLayers::of(prepared->plan);
  auto wide = wide_encodings(*prepared, "s16");
  ASSERT_TRUE(wide) << wide.error().message;
  auto forms = HybridForms::of(quantizer, *prepared, layers, {}, 2, load, *wide);
  ASSERT_TRUE(forms) << forms.error().message;
  const auto bits = [&](const HybridForms::Names& names) {
    auto form = forms->with(names);
    return form ? form->encodings.find("w")->quantization.bits : 0;
  };
  EXPECT_EQ(bits({"x"}), 8);
  EXPECT_EQ(bits({"z"}), 8);
  EXPECT_EQ(bits({"x", "z"}), 16);
}

// Layers are put together from an all-narrow and an all-wide network; the result is that of doing
// it anew for these encodings.
TEST(HybridForms, AreThoseOfRecoveriesDoneAnew) {
  auto model = typed_model(kNet);
  QuantizeOptions options;
  const auto range = parse_range_method("minmax");
  const Quantizer quantizer(*model, runtime(), *range, options);
  const std::vector<const Recovery*> used{recoveries().lookup("round_weights"),
                                          recoveries().lookup("correct_biases")};
  const SampleLoader load = noise_samples({1, 2, 8, 8});
  auto prepared = quantizer.prepare(used, 4, load);
  ASSERT_TRUE(prepared) << prepared.error().message;
  const HybridLayers layers = HybridLayers::of(prepared->plan);
  for (const char* scheme : {"s16", "float"}) {
    auto wide = wide_encodings(*prepared, scheme);
    ASSERT_TRUE(wide) << wide.error().message;
    Encodings mixed;  // q and the weight v of the layer that reads it are wide
    for (const TensorEncoding& encoding : prepared->encodings.tensors) {
      const bool is_wide = encoding.tensor == "q" || encoding.tensor == "v";
      if (!is_wide || (scheme == std::string("float") && encoding.tensor == "v"))
        mixed.tensors.push_back(encoding);
      else if (scheme == std::string("s16"))
        mixed.tensors.push_back(*wide->find(encoding.tensor));
    }
    auto forms = HybridForms::of(quantizer, *prepared, layers, used, 4, load, *wide);
    ASSERT_TRUE(forms) << forms.error().message;
    auto put_together = forms->with({"q"});
    ASSERT_TRUE(put_together) << put_together.error().message;
    auto anew = quantizer.finish(*prepared, mixed, used, 4, load);
    ASSERT_TRUE(anew) << anew.error().message;
    EXPECT_FALSE(anew->changes.biases.empty());
    EXPECT_EQ(put_together->encodings.tensors.size(), anew->encodings.tensors.size());
    const auto inputs = *load(5);
    EXPECT_EQ(relative_noise(run_model(*anew->model, inputs)[0],
                             run_model(*put_together->model, inputs)[0]),
              0);
  }
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
