#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "shape/infer.h"
#include "targets/target.h"

namespace acuate {

inline std::unique_ptr<Model> typed_model(const std::string& graph, int opset = 17) {
  auto model = parse_text_model(fmt::format("<ir_version: {}, opset_import: [\"\" : {}]>\n{}",
                                            opset < 21 ? 8 : 10, opset, graph));
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  infer_shapes(**model);
  return std::move(*model);
}

inline QuantizationPlan plan_of(Model& model, const char* target,
                                const QuantizationRequest& request = {}) {
  auto plan = targets().lookup(target)->backend->plan_quantization(model, request);
  EXPECT_TRUE(plan) << (plan ? "" : plan.error().message);
  return plan ? std::move(*plan) : QuantizationPlan{};
}

// `x:u8 r:u8`.
inline std::string activations_of(const QuantizationPlan& plan) {
  std::string text;
  for (const PlannedActivation& planned : plan.activations)
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", planned.value->name, planned.scheme);
  return text;
}

// `w:s8/0`, with the axis of channels, −1 for none.
inline std::string weights_of(const QuantizationPlan& plan) {
  std::string text;
  for (const PlannedWeight& planned : plan.weights)
    text += fmt::format("{}{}:{}/{}", text.empty() ? "" : " ", planned.value->name, planned.scheme,
                        planned.per_channel_axis);
  return text;
}

// A residual block: two convolutions, their shortcut, and a head behind a Reshape.
constexpr const char* kResidual =
    R"(net (float[1,2,4,4] x) => (float[1,3] y) <float[2,2,1,1] w = {1.0, -2.0, 0.5, 1.0}, float[2] b = {0.5, 0.25}, float[2,2,1,1] v = {1.0, 2.0, 3.0, 4.0}, int64[2] shape = {1, 32}, float[32,3] m = {-0.75, -0.50, -0.25, 0.00, 0.25, 0.50, 0.75, -0.75, -0.50, -0.25, 0.00, 0.25, 0.50, 0.75, -0.75, -0.50, -0.25, 0.00, 0.25, 0.50, 0.75, -0.75, -0.50, -0.25, 0.00, 0.25, 0.50, 0.75, -0.75, -0.50, -0.25, 0.00, 0.25, 0.50, 0.75, -0.75, -0.50, -0.25, 0.00, 0.25, 0.50, 0.75, -0.75, -0.50, -0.25, 0.00, 0.25, 0.50, 0.75, -0.75, -0.50, -0.25, 0.00, 0.25, 0.50, 0.75, -0.75, -0.50, -0.25, 0.00, 0.25, 0.50, 0.75, -0.75, -0.50, -0.25, 0.00, 0.25, 0.50, 0.75, -0.75, -0.50, -0.25, 0.00, 0.25, 0.50, 0.75, -0.75, -0.50, -0.25, 0.00, 0.25, 0.50, 0.75, -0.75, -0.50, -0.25, 0.00, 0.25, 0.50, 0.75, -0.75, -0.50, -0.25, 0.00, 0.25}> {
    c = Conv(x, w, b)  r = Relu(c)  h = Conv(r, v)  s = Add(r, h)  t = Relu(s)
    f = Reshape(t, shape)  g = MatMul(f, m)  y = Softmax(g) })";

}  // namespace acuate
