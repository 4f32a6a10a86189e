#include "quantize/sensitivity.h"

#include <cmath>
#include <random>

#include "numeric/quantize_values.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "quantize/injection.h"
#include "quantize/output_groups.h"

namespace acuate {
namespace {

using testing::HasSubstr;

constexpr size_t kSamples = 4;

std::unique_ptr<Model> model_of(const std::string& graph) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return std::move(*model);
}

// Boxes in hundreds beside scores below 1.
constexpr const char* kNet = R"(net (float[1,2,8,8] x) => (float[1,3,6,6] y) <
    float[3,2,3,3] w = {0.1, -0.2, 0.3, 0.4, -0.5, 0.6, -0.7, 0.8, 0.9, -0.15, 0.25, 0.35, -0.45, 0.55,
      0.65, -0.75, 0.85, -0.95, 0.11, 0.22, -0.33, 0.44, -0.55, -0.66, 0.77, 0.88, -0.99, 0.12, 0.23,
      -0.34, -0.45, 0.56, 0.67, -0.78, 0.89, -0.91, 0.13, -0.24, 0.35, 0.46, 0.57, -0.68, 0.79, 0.8,
      -0.91, 0.14, -0.25, 0.36, -0.47, 0.58, 0.69, 0.7, -0.81, 0.92},
    float[2,3,1,1] v = {0.3, -0.4, 0.5, 0.6, 0.7, -0.8}, float[1,3,1,1] p = {0.2, -0.3, 0.4}, float hundred = {100.0}> {
  c = Conv(x, w)
  a = Relu(c)
  d = Conv(a, v)
  e = Mul(a, p)
  r = ReduceSum<keepdims=1>(e, one)
  s = Sigmoid(r)
  b = Mul(d, hundred)
  y = Concat<axis=1>(b, s)
})";

std::unique_ptr<Model> net() {
  std::string text = kNet;
  text.insert(text.find("float hundred"), "int64[1] one = {1}, ");
  return model_of(text);
}

Result<std::vector<Tensor>> load(size_t sample) {
  std::mt19937 random(static_cast<unsigned>(sample));
  std::normal_distribution<float> normal;
  Tensor x = Tensor::allocate(ElementType::Float, {1, 2, 8, 8});
  for (float& value : x.mutable_values<float>()) value = normal(random);
  return std::vector<Tensor>{x};
}

const Target& runtime() { return *targets().lookup("onnxruntime"); }

Quantization grid(const std::string& scheme, double limit) {
  return schemes().lookup(scheme)->from_range(-limit, limit);
}

std::vector<SensitivityCandidate> candidates(const Model& model) {
  const auto weight = [&](const std::string& name) {
    return *quantization_of(*model.load(*model.graph().find(name)->initializer),
                            *schemes().lookup("s8"), 0, true);
  };
  return {{"x", {grid("s8", 4), grid("s8", 1.5), grid("s16", 4)}},
          {"a", {grid("s8", 12)}},
          {"e", {grid("s8", 4)}},
          {"w", {weight("w")}},
          {"v", {weight("v")}}};
}

// Mean of the relative noise at each group when one tensor alone is quantized.
std::vector<double> alone(const Model& model, const std::string& tensor, const Quantization& grid,
                          const std::vector<OutputGroup>& groups) {
  const auto engine = [](const Model& of) {
    const auto bytes = model_bytes(of);
    return std::move(*runtime().load(ModelSource::memory(as_bytes(*bytes)),
                                     {.threads = 1, .optimization = Optimization::None}));
  };
  const auto injected = with_injected_noise(model, tensor, grid);
  EXPECT_TRUE(injected) << injected.error().message;
  const auto exact = engine(model), changed = engine(**injected);
  std::vector<double> noise(groups.size(), 0);
  for (size_t sample = 0; sample < kSamples; ++sample) {
    const auto inputs = load(sample);
    const auto y = exact->run(*inputs), z = changed->run(*inputs);
    EXPECT_TRUE(y && z);
    for (size_t i = 0; i < groups.size(); ++i)
      noise[i] += relative_noise((*y)[0], (*z)[0], groups[i]) / kSamples;
  }
  return noise;
}

TEST(Sensitivity, DamagesAreThoseOfOneAtATimeAtEveryGroup) {
  const auto model = net();
  const auto all = candidates(*model);
  SensitivityOptions options;
  options.probes = 800;
  options.by_group = true;
  const auto found = measure_sensitivity(*model, runtime(), all, kSamples, load, options);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->groups.size(), 2U);
  EXPECT_EQ(found->groups[0].channels, (std::vector<int64_t>{2}));  // the score
  EXPECT_EQ(found->groups[1].channels, (std::vector<int64_t>{0, 1}));
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(found->tensors[i].not_reached, "");
    for (size_t k = 0; k < all[i].grids.size(); ++k) {
      const auto expected = alone(*model, all[i].tensor, all[i].grids[k], found->groups);
      for (size_t group = 0; group < 2; ++group)
        // To first order only: clipping at 1.5 is a change that Relu and Sigmoid bend.
        EXPECT_NEAR(found->tensors[i].grids[k].damage[group], expected[group],
                    (k == 1 ? 0.5 : 0.2) * expected[group])
            << all[i].tensor << " grid " << k << " group " << group;
    }
  }
  EXPECT_EQ(found->tensors[2].grids[0].damage[1], 0);  // the sum is no part of the boxes
}

TEST(Sensitivity, OneRunForAllGroupsGivesTheirSum) {
  const auto model = net();
  const auto all = candidates(*model);
  SensitivityOptions options;
  options.probes = 800;
  const auto together = measure_sensitivity(*model, runtime(), all, kSamples, load, options);
  options.by_group = true;
  const auto apart = measure_sensitivity(*model, runtime(), all, kSamples, load, options);
  ASSERT_TRUE(together && apart);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_NEAR(together->tensors[i].grids[0].sum(), apart->tensors[i].grids[0].sum(),
                0.2 * apart->tensors[i].grids[0].sum());
    EXPECT_NEAR(together->tensors[i].gain, apart->tensors[i].gain, 0.1 * apart->tensors[i].gain);
  }
}

TEST(Sensitivity, PowersAreThoseOfTheValues) {
  const auto model = net();
  const auto found =
      measure_sensitivity(*model, runtime(), {{"x", {grid("s8", 4)}}}, kSamples, load);
  ASSERT_TRUE(found) << found.error().message;
  double signal = 0, noise = 0;
  for (size_t sample = 0; sample < kSamples; ++sample) {
    const Tensor x = (*load(sample))[0];
    Tensor rounded = Tensor::of<float>(x.shape(), x.values<float>());
    ASSERT_TRUE(fake_quantize(rounded, grid("s8", 4)));
    for (size_t i = 0; i < 128; ++i) {
      const double value = static_cast<double>(x.values<float>()[i]);
      const double error = static_cast<double>(rounded.values<float>()[i]) - value;
      signal += value * value / (128 * kSamples);
      noise += error * error / (128 * kSamples);
    }
  }
  EXPECT_NEAR(found->tensors[0].signal_power, signal, 1e-4 * signal);
  EXPECT_NEAR(found->tensors[0].grids[0].noise_power, noise, 1e-3 * noise);
  ASSERT_EQ(found->tensors[0].channel_gains.size(), 2U);
  EXPECT_NEAR(64 * (found->tensors[0].channel_gains[0] + found->tensors[0].channel_gains[1]),
              found->tensors[0].gain, 1e-4 * found->tensors[0].gain);
}

TEST(Sensitivity, TheSameSeedAndPiecesGiveTheSame) {
  const auto model = net();
  const auto all = candidates(*model);
  SensitivityOptions options;
  const auto whole = measure_sensitivity(*model, runtime(), all, kSamples, load, options);
  options.calibration.max_memory_bytes = 1;
  const auto pieces = measure_sensitivity(*model, runtime(), all, kSamples, load, options);
  options.seed = 2;
  const auto other = measure_sensitivity(*model, runtime(), all, kSamples, load, options);
  ASSERT_TRUE(whole && pieces && other);
  EXPECT_GT(pieces->runs, whole->runs);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(whole->tensors[i].grids[0].damage, pieces->tensors[i].grids[0].damage);
    EXPECT_NE(whole->tensors[i].grids[0].damage, other->tensors[i].grids[0].damage);
  }
}

TEST(Sensitivity, WhatNoGradientReachesIsQuantizedAlone) {
  const auto model =
      model_of(R"(net (float[1,2,8,8] x) => (float[1,2,8,8] y) <float three = {3.0}> {
    a = Mul(x, three)  f = Floor(a)  y = Mul(f, three)
  })");
  SensitivityOptions options;
  auto found =
      measure_sensitivity(*model, runtime(), {{"a", {grid("s8", 12)}}, {"f", {grid("s8", 8)}}},
                          kSamples, load, options);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(found->tensors[0].not_reached, HasSubstr("(Floor)"));
  EXPECT_TRUE(found->tensors[0].is_injected);
  EXPECT_FALSE(found->tensors[1].is_injected);
  const double expected = alone(*model, "a", grid("s8", 12), found->groups)[0];
  EXPECT_GT(expected, 0);
  EXPECT_NEAR(found->tensors[0].grids[0].sum(), expected, 1e-6 * expected);
  options.inject = false;
  found =
      measure_sensitivity(*model, runtime(), {{"a", {grid("s8", 12)}}}, kSamples, load, options);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->tensors[0].is_injected);
}

TEST(Sensitivity, AConstantThatNoTwinCanStandForIsQuantizedAlone) {
  const auto model = net();
  const auto found =
      measure_sensitivity(*model, runtime(), {{"p", {grid("s8", 2)}}}, kSamples, load);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(found->tensors[0].not_reached, HasSubstr("Conv, Gemm or MatMul"));
  EXPECT_TRUE(found->tensors[0].is_injected);
  EXPECT_GT(found->tensors[0].grids[0].sum(), 0);
}

TEST(Sensitivity, RefusesWhatItCannotMeasure) {
  const auto model = net();
  const auto message = [&](const SensitivityCandidate& candidate) {
    const auto found = measure_sensitivity(*model, runtime(), {candidate}, kSamples, load);
    return found ? "" : found.error().message;
  };
  EXPECT_THAT(message({"nothing", {}}), HasSubstr("no tensor 'nothing'"));
  EXPECT_THAT(message({"x",
                       {schemes().lookup("s8")->from_ranges(
                           std::vector<FloatRange>{{-1, 1}, {-2, 2}}, 1)}}),
              HasSubstr("per-channel"));
}

// All of the noise stands where the scores say that nothing is there.
TEST(Sensitivity, BoxesCountByTheScoreOfTheirPosition) {
  const auto model = model_of(R"(net (float[1,20,2] x, float[1,20,1] logit) => (float[1,20,3] y)
    <float one = {1.0}> { b = Mul(x, one)  s = Sigmoid(logit)  y = Concat<axis=2>(b, s) })");
  const SampleLoader detector = [](size_t) -> Result<std::vector<Tensor>> {
    Tensor boxes = Tensor::allocate(ElementType::Float, {1, 20, 2});
    Tensor logits = Tensor::allocate(ElementType::Float, {1, 20, 1});
    for (size_t i = 0; i < 20; ++i) {
      logits.mutable_values<float>()[i] = i == 4 ? 4.0F : -6.0F;
      for (size_t k = 0; k < 2; ++k)
        boxes.mutable_values<float>()[2 * i + k] =
            static_cast<float>(i) - 10 + (i == 4 ? 0.0F : 0.5F);
    }
    return std::vector<Tensor>{boxes, logits};
  };
  SensitivityOptions options;
  options.probes = 256;
  auto found =
      measure_sensitivity(*model, runtime(), {{"b", {grid("s8", 127)}}}, 2, detector, options);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->groups.size(), 2U);
  const double present = 1 / (1 + std::exp(-4.0)), absent = 1 / (1 + std::exp(6.0));
  const double weight = absent / ((present + 19 * absent) / 20);
  double power = 0;
  const Tensor x = (*detector(0))[0];
  for (const float value : x.values<float>()) power += value * value / 40;
  const double expected = weight * 0.25 * 19 / 20 / power;
  EXPECT_NEAR(found->tensors[0].grids[0].sum(), expected, 0.3 * expected);
}

}  // namespace
}  // namespace acuate
