#include <cmath>

#include "numeric/quantize_values.h"
#include "quantize/quantize.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

// A product of a sequence, and a Gemm with its weights the other way round, of 160 inputs each.
std::unique_ptr<Model> net(int opset = 21) {
  auto model = parse_text_model(fmt::format(
      "<ir_version: 10, opset_import: [\"\" : {}]> net (float[2,3,160] x) => (float[6,128] y, "
      "float[2,3,112] z) <float[128] b, float[128,160] v, float[160,112] w, int64[2] rows = {{-1, "
      "160}}> {{ r = Reshape(x, rows)  y = Gemm <transB = 1> (r, v, b)  z = MatMul(x, w) }}",
      opset));
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  uint32_t state = 7;
  for (const auto& [name, shape] : {std::pair("b", Shape{128}), std::pair("v", Shape{128, 160}),
                                    std::pair("w", Shape{160, 112})}) {
    Tensor tensor = Tensor::allocate(ElementType::Float, shape);
    for (float& value : tensor.mutable_values<float>()) {
      state = state * 1664525 + 1013904223;
      const float x = static_cast<float>(state >> 8) / 8388608.0F - 1;
      value = x * x * x;  // few are large
    }
    Value* value = (*model)->graph().find(name);
    if (value->initializer) (*model)->graph().remove_initializer(*value);
    (*model)->graph().set_initializer(*value, tensor);
  }
  infer_shapes(**model);
  return std::move(*model);
}

QuantizationRequest request(std::string scheme, int group) {
  QuantizationRequest made;
  made.weights_only = std::move(scheme);
  made.group = group;
  return made;
}

// The same with the weights rounded in float: what the emitted model must compute.
std::vector<Tensor> rounded_by_hand(const Model& model, const Encodings& encodings,
                                    const std::vector<Tensor>& inputs) {
  auto copy = model.clone();
  for (const TensorEncoding& encoding : encodings.tensors) {
    Value* value = copy->graph().find(encoding.tensor);
    auto values = copy->load(*value->initializer);
    Tensor rounded = Tensor::of<float>(values->shape(), values->values<float>());
    EXPECT_TRUE(fake_quantize(rounded, encoding.quantization));
    copy->graph().remove_initializer(*value);
    copy->graph().set_initializer(*value, rounded);
  }
  return run_model(*copy, inputs);
}

TEST(QuantizeWeights, EmittedModelsComputeWithTheRoundedWeights) {
  const auto model = net();
  const auto inputs = *noise_samples({2, 3, 160})(1);
  const auto exact = run_model(*model, inputs);
  for (const auto& [scheme, group, least_db] :
       {std::tuple("s8", 0, 35.0), std::tuple("s8", 32, 40.0), std::tuple("s4", 0, 12.0),
        std::tuple("s4", 32, 16.0), std::tuple("s4", 128, 13.0)}) {
    SCOPED_TRACE(fmt::format("{} {}", scheme, group));
    auto quantized = quantize_weights(*model, runtime(), request(scheme, group));
    ASSERT_TRUE(quantized) << quantized.error().message;
    ASSERT_EQ(quantized->encodings.tensors.size(), 2U);
    EXPECT_EQ(quantized->encodings.find("v")->quantization.per_channel_axis, group == 0 ? 0 : 1);
    EXPECT_EQ(quantized->encodings.find("w")->quantization.per_channel_axis, group == 0 ? 1 : 0);
    EXPECT_EQ(quantized->encodings.find("w")->quantization.scale.size(),
              group == 0 ? 112U : 112U * static_cast<size_t>((160 + group - 1) / group));
    const auto by_hand = rounded_by_hand(*model, quantized->encodings, inputs);
    const auto results = run_model(*quantized->model, inputs);
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_LT(relative_noise(by_hand[i], results[i]), 1e-11);
      EXPECT_LT(10 * std::log10(relative_noise(exact[i], results[i])), -least_db);
    }
    EXPECT_LT(model_bytes(*quantized->model)->size(),
              model_bytes(*model)->size() / (std::string_view(scheme) == "s4" ? 4 : 3));
  }
}

TEST(QuantizeWeights, EncodingsGiveTheSameAgain) {
  const auto model = net();
  for (const int group : {0, 32}) {
    auto quantized = quantize_weights(*model, runtime(), request("s4", group));
    ASSERT_TRUE(quantized) << quantized.error().message;
    auto read = parse_encodings(write_encodings(quantized->encodings), "encodings.json");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, quantized->encodings);
    auto again = apply_encodings(*model, runtime(), *read, {}, 0, {});
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*model_bytes(*again->model), *model_bytes(*quantized->model));
    EXPECT_EQ(again->anchors, quantized->anchors);
  }
}

TEST(QuantizeWeights, SaysWhatItCannotDo) {
  const auto error = [](const Model& model, const char* target, const QuantizationRequest& asked) {
    auto quantized = quantize_weights(model, *targets().lookup(target), asked);
    return quantized ? std::string() : quantized.error().message;
  };
  const auto model = net();
  EXPECT_THAT(error(*model, "onnxruntime", request("u8", 0)),
              testing::HasSubstr("it takes s8, s4"));
  EXPECT_THAT(error(*model, "onnxruntime", request("s5", 0)), testing::HasSubstr("s5"));
  EXPECT_THAT(error(*model, "onnxruntime", request("s4", 24)), testing::HasSubstr("power of two"));
  EXPECT_THAT(error(*model, "vsi_npu", request("s4", 32)),
              testing::HasSubstr("without quantized activations"));
  EXPECT_THAT(error(*net(17), "onnxruntime", request("s4", 32)), testing::HasSubstr("opset 21"));
  EXPECT_EQ(error(*net(17), "onnxruntime", request("s8", 0)), "");
  auto small = typed_model(
      R"(net (float[4,4] x) => (float[4,2] y) <float[4,2] w = {1, 2, 3, 4, 5, 6, 7, 8}> { y = MatMul(x, w) })");
  EXPECT_THAT(error(*small, "onnxruntime", request("s8", 0)),
              testing::HasSubstr("fewer than 16384"));
  auto bad = net();
  Value* w = bad->graph().find("w");
  auto values = bad->load(*w->initializer);
  Tensor broken = Tensor::of<float>(values->shape(), values->values<float>());
  broken.mutable_values<float>()[5] = NAN;
  bad->graph().remove_initializer(*w);
  bad->graph().set_initializer(*w, broken);
  EXPECT_THAT(error(*bad, "onnxruntime", request("s8", 0)), testing::HasSubstr("'w' holds nan"));
}

}  // namespace
}  // namespace acuate
