#include "quantize/import_qdq.h"

#include "quantize/quantize.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

std::string error_of(const std::string& graph) {
  const auto imported = import_qdq(*typed_model(graph));
  return imported ? "imported" : imported.error().message;
}

TEST(ImportQdq, WhatWasQuantizedComesBackToTheSameNumbers) {
  auto model = typed_model(R"(net (float[1,2,8,8] x) => (float[1,3,8,8] y) <
      float[3,2,1,1] w = {1.0, -0.5, 0.25, 0.125, -2.0, 0.7}, float[3] b = {0.5, -0.25, 0.1},
      float[3,3,1,1] v = {0.3, 0.1, 0.2, -0.4, 0.5, 0.6, 0.7, -0.8, 0.9}> {
      c = Conv(x, w, b)  r = Relu(c)  y = Conv(r, v) })");
  const SampleLoader load = noise_samples({1, 2, 8, 8});
  QuantizeOptions options;
  options.recover.emplace();
  auto quantized = quantize_model(*model, runtime(), 4, load, options);
  ASSERT_TRUE(quantized) << quantized.error().message;
  infer_shapes(*quantized->model);
  auto imported = import_qdq(*quantized->model);
  ASSERT_TRUE(imported) << imported.error().message;
  std::vector<std::string> names;
  for (const TensorEncoding& encoding : imported->encodings.tensors) {
    names.push_back(encoding.tensor);
    const TensorEncoding* was = quantized->encodings.find(encoding.tensor);
    ASSERT_NE(was, nullptr) << encoding.tensor;
    EXPECT_EQ(encoding.quantization.scale, was->quantization.scale);
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("x", "w", "r", "v", "y"));
  for (const Node* node = imported->float_model->graph().first(); node; node = node->next())
    EXPECT_FALSE(node->op_type().ends_with("Linear")) << node->op_type();
  auto again =
      apply_encodings(*imported->float_model, runtime(), imported->encodings, {}, 0, load, options);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->anchors.size(), 2U);
  for (size_t sample = 0; sample < 3; ++sample) {
    const auto inputs = *load(sample);
    const Tensor a = run_model(*quantized->model, inputs)[0];
    const Tensor b = run_model(*again->model, inputs)[0];
    EXPECT_EQ(relative_noise(a, b), 0);
  }
}

TEST(ImportQdq, SignedIntegersWithAnOffsetLoseTheirSign) {
  const auto imported = import_qdq(*typed_model(
      R"(net (float[4] x) => (float[4] y) <float s = {0.5}, int8 z = {-128}> {
      q = QuantizeLinear(x, s, z)  d = DequantizeLinear(q, s, z)  y = Relu(d) })"));
  ASSERT_TRUE(imported) << imported.error().message;
  const Quantization& grid = imported->encodings.find("x")->quantization;
  EXPECT_EQ(grid.scheme, "u8");
  EXPECT_EQ(grid.zero_point, std::vector<int32_t>{0});
  EXPECT_EQ(imported->float_model->graph().node_count(), 1U);
}

TEST(ImportQdq, WhatCannotBeTakenApartIsRefused) {
  EXPECT_THAT(error_of("net (float[4] x) => (float[4] y) { y = Relu(x) }"),
              HasSubstr("is not quantized"));
  EXPECT_THAT(error_of(R"(net (float[4] x) => (uint8[4] y, float s, uint8 z) {
      y, s, z = DynamicQuantizeLinear(x) })"),
              HasSubstr("computes on integers"));
  EXPECT_THAT(
      error_of(
          R"(net (float[4] x) => (float[4] y) <float s = {0.5}, float t = {0.25}, uint8 z = {3}> {
      q = QuantizeLinear(x, s, z)  y = DequantizeLinear(q, t, z) })"),
      HasSubstr("another grid"));
  EXPECT_THAT(error_of(R"(net (uint8[4] q) => (float[4] y) <float s = {0.5}, uint8 z = {3}> {
      y = DequantizeLinear(q, s, z) })"),
              HasSubstr("no QuantizeLinear"));
  EXPECT_THAT(error_of(R"(net (float[4] x, float s) => (float[4] y) <uint8 z = {3}> {
      q = QuantizeLinear(x, s, z)  d = DequantizeLinear(q, s, z)  y = Relu(d) })"),
              HasSubstr("scale is not a float32 constant"));
  EXPECT_THAT(
      error_of(
          R"(net (float[4] x) => (float[4] y) <float s = {0.5}, float t = {0.25}, uint8 z = {3}> {
      q = QuantizeLinear(x, s, z)  d = DequantizeLinear(q, s, z)
      p = QuantizeLinear(x, t, z)  e = DequantizeLinear(p, t, z)  y = Add(d, e) })"),
      HasSubstr("one tensor has one encoding"));
}

}  // namespace
}  // namespace acuate
