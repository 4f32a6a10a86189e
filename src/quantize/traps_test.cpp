// What broke other quantizers, or would damage a network silently.
#include <cmath>

#include "numeric/quantize_values.h"
#include "quantize/explain.h"
#include "quantize/quantize.h"
#include "quantize/test_support.h"
#include "targets/stand_in.h"

namespace acuate {
namespace {

QuantizeOptions plain(std::string scheme = {}) {
  QuantizeOptions options;
  options.request.scheme = std::move(scheme);
  options.recover.emplace();
  return options;
}

Target stand_in(const char* id) {
  auto target = with_engine(*targets().lookup(id));
  EXPECT_TRUE(target) << (target ? "" : target.error().message);
  return target ? *target : runtime();
}

constexpr const char* kTargets[] = {"onnxruntime", "openvino", "tensorrt", "vsi_npu"};

TEST(Traps, PaddingWithInfinityMakesNoScaleInfinite) {
  auto model = typed_model(
      R"(net (float[1,1,4,4] x) => (float[1,1,4,4] y) <float none = {-inf}, int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}, float[1,1,1,1] w = {2.0}> {
      c = Conv(x, w)  p = Pad(c, pads, none)  m = MaxPool<kernel_shape = [3, 3]>(p)  y = Conv(m, w) })");
  const auto exact = run_model(*model, *noise_samples({1, 1, 4, 4})(0));
  for (const char* id : kTargets) {
    const Target target = stand_in(id);
    auto quantized = quantize_model(*model, target, 2, noise_samples({1, 1, 4, 4}), plain());
    ASSERT_TRUE(quantized) << id << ": " << quantized.error().message;
    EXPECT_EQ(quantized->encodings.find("p"), nullptr);
    for (const TensorEncoding& encoding : quantized->encodings.tensors)
      EXPECT_LT(encoding.quantization.scale.at(0), 1) << id << " " << encoding.tensor;
    const auto y = run_model(*quantized->model, *noise_samples({1, 1, 4, 4})(0));
    EXPECT_LT(relative_noise(exact[0], y[0]), 1e-3) << id;
  }
}

TEST(Traps, IntegerInputsPassBy) {
  auto model = typed_model(
      R"(net (int64[1,4] ids, float[1,4] x) => (float[1,4,2] y) <float[3,2] table = {0.1, 0.2, -0.3, 0.4, 0.5, -0.6}, float[2,2] w = {1.0, -2.0, 0.5, 1.0}, int64[1] axis = {2}> {
      e = Gather(table, ids)  u = Unsqueeze(x, axis)  s = Add(e, u)  y = MatMul(s, w) })");
  const auto load = [](size_t sample) -> Result<std::vector<Tensor>> {
    auto x = *noise_samples({1, 4})(sample);
    return std::vector<Tensor>{Tensor::of<int64_t>({1, 4}, {0, 2, 1, 2}), x[0]};
  };
  const auto exact = run_model(*model, *load(0));
  for (const char* id : kTargets) {
    auto quantized = quantize_model(*model, stand_in(id), 2, load, plain());
    ASSERT_TRUE(quantized) << id << ": " << quantized.error().message;
    EXPECT_EQ(quantized->encodings.find("ids"), nullptr);
    EXPECT_LT(relative_noise(exact[0], run_model(*quantized->model, *load(0))[0]), 1e-2) << id;
  }
}

TEST(Traps, AStringInputIsRefusedByName) {
  auto model = typed_model(
      R"(net (string[1] text, float[1,2] x) => (float[1,2] y, string[1] same) <float[2,2] w = {1.0, -2.0, 0.5, 1.0}> {
      y = MatMul(x, w)  same = Identity(text) })");
  auto quantized = quantize_model(
      *model, runtime(), 1,
      [](size_t sample) -> Result<std::vector<Tensor>> {
        return std::vector<Tensor>{Tensor::of<int64_t>({1}, {0}),
                                   (*noise_samples({1, 2})(sample))[0]};
      },
      plain());
  ASSERT_FALSE(quantized);
  EXPECT_THAT(quantized.error().message, testing::HasSubstr("'text' has element type string"));
}

size_t count_of(const Model& model, std::string_view op) {
  size_t count = 0;
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next())
    count += node->is_op(op) ? 1 : 0;
  return count;
}

// An unsigned grid from 0 clamps as a Relu does, a symmetric one does not: the operators stay, and
// so does what they do, however the engine fuses.
TEST(Traps, ReluAndClipStayWhereTheirTensorsBecomeSymmetric) {
  auto model = typed_model(
      R"(net (float[1,2,8,8] x) => (float[1,2,8,8] y) <float[2,2,1,1] w = {3.0, -4.0, 8.0, 2.0}, float low = {0.0}, float high = {6.0}> {
      a = Conv(x, w)  r = Relu(a)  b = Conv(r, w)  c = Clip(b, low, high)  y = Conv(c, w) })");
  const SampleLoader load = noise_samples({1, 2, 8, 8});
  const Tensor exact = run_model(*model, *load(7))[0];
  for (const char* id : {"onnxruntime", "vsi_npu"})
    for (const char* scheme : {"s16", "s8", "u8"}) {
      auto quantized = quantize_model(*model, stand_in(id), 4, load, plain(scheme));
      ASSERT_TRUE(quantized) << id << ": " << quantized.error().message;
      EXPECT_EQ(count_of(*quantized->model, "Relu"), 1U) << id << " " << scheme;
      EXPECT_EQ(count_of(*quantized->model, "Clip"), 1U) << id << " " << scheme;
      const auto bytes = model_bytes(*quantized->model);
      auto engine = runtime().load(ModelSource::memory(as_bytes(*bytes)), {.threads = 1});
      ASSERT_TRUE(engine) << engine.error().message;
      const auto y = (*engine)->run(*load(7));
      ASSERT_TRUE(y) << y.error().message;
      EXPECT_LT(relative_noise(exact, (*y)[0]), 5e-3) << id << " " << scheme;
    }
}

// The tensor with the better ratio of its own is the one that destroys the output: what follows
// the other damps its noise, what follows this one multiplies it.
TEST(Traps, WhatHarmsIsToldAtTheOutputsAndNotByLocalError) {
  auto model = typed_model(
      R"(net (float[1,2,8,8] x) => (float[1,2,8,8] y) <float[2,2,1,1] w = {1.0, 0.5, 0.5, -1.0},
      float[2,2,1,1] even = {0.0, 0.0, 1.0, 1.0}, float[2,2,1,1] near = {1.0, 1.0, 1.0, 1.01}, float[2,2,1,1] apart = {100.0, -100.0, 0.0, 1.0}, float tiny = {0.001}> {
      a = Conv(x, w)  near_pair = Conv(a, near)  difference = Conv(near_pair, apart)
      b = Conv(x, w)  square = Mul(b, b)  fourth = Mul(square, square)  eighth = Mul(fourth, fourth)  peaks = Conv(eighth, even)  small = Mul(peaks, tiny)
      y = Add(difference, small) })");
  const SampleLoader load = noise_samples({1, 2, 8, 8});
  QuantizeOptions options = plain();
  options.range = "minmax";
  auto quantized = quantize_model(*model, runtime(), 4, load, options);
  ASSERT_TRUE(quantized) << quantized.error().message;
  const auto explanation = explain_quantization(*quantized, runtime(), 4, load);
  ASSERT_TRUE(explanation) << explanation.error().message;
  EXPECT_EQ(explanation->tensors[0].tensor, "near_pair");
  EXPECT_GT(*quantized->encodings.find("near_pair")->sqnr_db,
            *quantized->encodings.find("peaks")->sqnr_db);
}

// Not the element-wise operators but the depthwise convolution behind carries the loss, and
// without being told so the quantizer mends its input.
TEST(Traps, DepthwiseInputsCarryTheLossAndAreMended) {
  auto model = typed_model(
      R"(net (float[1,2,8,8] x) => (float[1,2,8,8] y) <
      float[2,2,1,1] w = {1.0, 0.0, 0.0, 0.001}, float[2,1,1,1] d = {1.0, 1000.0}, float[2,2,1,1] v = {0.5, 0.25, -0.5, 1.0}> {
      c = Conv(x, w)  g = HardSigmoid(c)  t = Mul(c, g)  e = Conv <group = 2> (t, d)
      s = Mul(e, e)  f = Conv(s, v)  y = Add(f, e) })");
  const SampleLoader load = noise_samples({1, 2, 8, 8});
  auto before = quantize_model(*model, runtime(), 8, load, plain());
  auto mended = quantize_model(*model, runtime(), 8, load);
  ASSERT_TRUE(before && mended) << mended.error().message;
  const auto explanation = explain_quantization(*before, runtime(), 4, load);
  ASSERT_TRUE(explanation) << explanation.error().message;
  double depthwise = 0;
  for (const TensorExplanation& row : explanation->tensors)
    if (row.tensor == "t" || row.tensor == "c") depthwise += row.share;
  EXPECT_GT(depthwise, 0.9);
  const Tensor exact = run_model(*model, *load(20))[0];
  EXPECT_LT(relative_noise(exact, run_model(*mended->model, *load(20))[0]),
            relative_noise(exact, run_model(*before->model, *load(20))[0]) / 20);
}

// No range, no scale of zero, no division by it.
TEST(Traps, ConstantTensorsAndZeroChannelsHaveAGrid) {
  auto model = typed_model(
      R"(net (float[1,2,4,4] x) => (float[1,2,4,4] y) <float[2,2,1,1] w = {0.0, 0.0, 1.0, -0.5}, float[2] b = {-1.0, 0.5},
      float[2,2,1,1] v = {1.0, 2.0, 0.0, 0.0}, float zero = {0.0}> {
      a = Conv(x, w, b)  dead = Mul(a, zero)  c = Conv(dead, v)  r = Relu(c)  s = Add(r, a)  y = Conv(s, w, b) })");
  const SampleLoader load = noise_samples({1, 2, 4, 4});
  const Tensor exact = run_model(*model, *load(5))[0];
  for (const char* id : kTargets)
    for (const char* range : {"mse", "minmax", "entropy", "percentile", "average", "acuity-kl"}) {
      QuantizeOptions options = plain();
      options.range = range;
      auto quantized = quantize_model(*model, stand_in(id), 4, load, options);
      ASSERT_TRUE(quantized) << id << " " << range << ": " << quantized.error().message;
      for (const TensorEncoding& encoding : quantized->encodings.tensors)
        for (const float scale : encoding.quantization.scale)
          EXPECT_TRUE(std::isfinite(scale) && scale > 0) << id << " " << encoding.tensor;
      EXPECT_LT(relative_noise(exact, run_model(*quantized->model, *load(5))[0]), 0.02)
          << id << " " << range;
    }
  // With every recovery, on one sample.
  auto quantized = quantize_model(*model, runtime(), 1, load);
  ASSERT_TRUE(quantized) << quantized.error().message;
  EXPECT_LT(relative_noise(exact, run_model(*quantized->model, *load(5))[0]), 0.1);
}

TEST(Traps, FixedPointTakesTheGridThatErrsLess) {
  auto model = typed_model(
      R"(net (float[1,1,4,4] x) => (float[1,1,4,4] y) <float[1,1,1,1] w = {2.0}> { y = Conv(x, w) })");
  const auto constant = [](float top) {
    return [top](size_t) -> Result<std::vector<Tensor>> {
      Tensor x = Tensor::allocate(ElementType::Float, {1, 1, 4, 4});
      for (size_t i = 0; i < 16; ++i)
        x.mutable_values<float>()[i] = i % 2 == 0 ? top : i < 2 ? top / 3 : 0;
      return std::vector<Tensor>{x};
    };
  };
  QuantizeOptions options = plain("dfp8");
  options.range = "minmax";
  // Half of the values are 1, which fl = 7 clips to 127/128.
  auto quantized = quantize_model(*model, stand_in("vsi_npu"), 1, constant(1), options);
  ASSERT_TRUE(quantized) << quantized.error().message;
  EXPECT_EQ(quantized->encodings.find("x")->quantization.scale[0], 0x1p-6F);
  quantized = quantize_model(*model, stand_in("vsi_npu"), 1, constant(0.9F), options);
  ASSERT_TRUE(quantized) << quantized.error().message;
  EXPECT_EQ(quantized->encodings.find("x")->quantization.scale[0], 0x1p-7F);
}

TEST(Traps, ShortFloatsAreMeasuredByTheirRelativeStep) {
  auto model = typed_model(
      R"(net (float[1,1,4,4] x) => (float[1,1,4,4] y) <float[1,1,1,1] w = {2.0}> { y = Conv(x, w) })");
  const auto load = noise_samples({1, 1, 4, 4});
  for (const auto& [scheme, expected_db] : {std::pair("fp16", 74.5), std::pair("bf16", 56.5)}) {
    auto quantized = quantize_model(*model, runtime(), 64, load, plain(scheme));
    ASSERT_TRUE(quantized) << quantized.error().message;
    const TensorEncoding& x = *quantized->encodings.find("x");
    EXPECT_TRUE(x.quantization.is_float());
    ASSERT_TRUE(x.sqnr_db);
    EXPECT_NEAR(*x.sqnr_db, expected_db, 3) << scheme;
    // Against the rounding itself.
    double signal = 0, noise = 0;
    for (size_t sample = 0; sample < 64; ++sample) {
      const Tensor values = (*load(sample))[0];
      Tensor rounded = Tensor::of<float>(values.shape(), values.values<float>());
      ASSERT_TRUE(fake_quantize(rounded, x.quantization));
      for (size_t i = 0; i < 16; ++i) {
        const double v = values.values<float>()[i], error = v - rounded.values<float>()[i];
        signal += v * v;
        noise += error * error;
      }
    }
    EXPECT_NEAR(*x.sqnr_db, 10 * std::log10(signal / noise), 1) << scheme;
  }
}

}  // namespace
}  // namespace acuate
