#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "quantize/calibrate.h"
#include "shape/infer.h"
#include "targets/target.h"

namespace acuate {

inline const Target& runtime() { return *targets().lookup("onnxruntime"); }

// A model of opset 17 with inferred types, of the text form of its graph.
inline std::unique_ptr<Model> typed_model(const std::string& graph) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  infer_shapes(**model);
  return std::move(*model);
}

// Pseudo-random numbers in ±1 of one input, other ones for each sample.
inline SampleLoader noise_samples(Shape shape) {
  return [shape](size_t sample) -> Result<std::vector<Tensor>> {
    Tensor x = Tensor::allocate(ElementType::Float, shape);
    uint32_t state = static_cast<uint32_t>(sample) * 7919 + 1;
    for (float& value : x.mutable_values<float>()) {
      state = state * 1664525 + 1013904223;
      value = static_cast<float>(state >> 8) / 8388608.0F - 1;
    }
    return std::vector<Tensor>{x};
  };
}

inline std::vector<Tensor> run_model(const Model& model, const std::vector<Tensor>& inputs) {
  auto bytes = model_bytes(model);
  EXPECT_TRUE(bytes);
  auto engine = runtime().load(ModelSource::memory(as_bytes(*bytes)),
                               {.threads = 1, .optimization = Optimization::None});
  EXPECT_TRUE(engine) << (engine ? "" : engine.error().message);
  auto outputs = (*engine)->run(inputs);
  EXPECT_TRUE(outputs) << (outputs ? "" : outputs.error().message);
  return outputs ? std::move(*outputs) : std::vector<Tensor>{};
}

// Mean of (a − b)², relative to that of a².
inline double relative_noise(const Tensor& a, const Tensor& b) {
  double signal = 0, noise = 0;
  for (size_t i = 0; i < a.values<float>().size(); ++i) {
    const double x = a.values<float>()[i], error = x - b.values<float>()[i];
    signal += x * x;
    noise += error * error;
  }
  return noise / signal;
}

}  // namespace acuate
