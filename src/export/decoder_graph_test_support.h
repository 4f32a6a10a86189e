#pragma once

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "export/decoder_model.h"
#include "onnx_io/export.h"
#include "targets/target.h"

namespace acuate {

// What a decoder of src/evaluate says of outputs, and its graph under ONNX Runtime.
struct BothDecoders {
  Decoded expected;
  std::vector<Tensor> found;
};

inline DecoderPorts ports_of(const std::vector<Tensor>& outputs, ImageSize input) {
  DecoderPorts ports{{}, input};
  for (const Tensor& output : outputs) {
    IoSpec port;
    port.name = fmt::format("out {}", ports.outputs.size());
    port.type = output.type();
    port.shape = output.shape();
    ports.outputs.push_back(port);
  }
  return ports;
}

inline DecoderOptions options_of(const std::string& id, const DecoderOptions& given) {
  DecoderRegistry registry;
  register_all_decoders(registry);
  return complete_options(*registry.lookup(id), given).value();
}

inline BothDecoders decode_both(const std::string& id, const std::vector<Tensor>& outputs,
                                ImageSize input, const DecoderOptions& given = {}) {
  DecoderRegistry registry;
  register_all_decoders(registry);
  const DecoderOptions options = options_of(id, given);
  const DecoderPorts ports = ports_of(outputs, input);
  BothDecoders both;
  auto decoded = registry.lookup(id)->decode({outputs, input}, options);
  EXPECT_TRUE(decoded) << (decoded ? "" : decoded.error().message);
  if (decoded) both.expected = std::move(*decoded);
  auto model = decoder_model(id, options, ports);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  if (!model) return both;
  const std::string bytes = *model_bytes(**model);
  auto engine = targets().lookup("onnxruntime")->load(ModelSource::memory(as_bytes(bytes)));
  EXPECT_TRUE(engine) << (engine ? "" : engine.error().message);
  if (!engine) return both;
  std::vector<Tensor> fed;  // of those that it reads, by name
  for (const IoSpec& port : (*engine)->inputs())
    for (size_t i = 0; i < outputs.size(); ++i)
      if (ports.outputs[i].name == port.name) fed.push_back(outputs[i]);
  auto results = (*engine)->run(fed);
  EXPECT_TRUE(results) << (results ? "" : results.error().message);
  if (results) both.found = std::move(*results);
  return both;
}

// The same detections in the same order, up to what float32 rounds.
inline void expect_equal_detections(const BothDecoders& both, size_t at_least) {
  ASSERT_EQ(both.found.size(), 3u);
  const auto boxes = both.found[0].values<float>(), scores = both.found[1].values<float>();
  const auto classes = both.found[2].values<int64_t>();
  ASSERT_EQ(scores.size(), both.expected.detections.size());
  EXPECT_GE(scores.size(), at_least);
  for (size_t i = 0; i < scores.size(); ++i) {
    const Detection& expected = both.expected.detections[i];
    EXPECT_EQ(classes[i], expected.category) << i;
    EXPECT_NEAR(scores[i], expected.score, 1e-6) << i;
    const double corners[] = {expected.box.left, expected.box.top, expected.box.right,
                              expected.box.bottom};
    for (size_t c = 0; c < 4; ++c)
      EXPECT_NEAR(boxes[4 * i + c], corners[c], 1e-3) << i << " corner " << c;
  }
}

// Evenly within [low, high).
inline Tensor random_tensor(const Shape& shape, float low, float high, uint32_t seed = 3) {
  Tensor tensor = Tensor::allocate(ElementType::Float, shape);
  std::mt19937 random(seed);
  for (float& value : tensor.mutable_values<float>())
    value = low + (high - low) * static_cast<float>(random() % 65536) / 65536.0F;
  return tensor;
}

}  // namespace acuate
