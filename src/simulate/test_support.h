#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "onnx_io/text_form.h"
#include "simulate/simulator.h"

namespace acuate {

// `nodes` make `y` of `a`, which stands on a grid of scale 0.5 and zero point 10; `y` is put on one
// of scale 1 and zero point 3. Constants `w` and others are declared in `constants`, each followed
// by a comma.
inline std::string on_grids(const std::string& shape, const std::string& constants,
                            const std::string& nodes) {
  return R"(<ir_version: 8, opset_import: ["" : 17]>
net (float)" +
         shape + " x) => (float r) <" + constants +
         R"(float[1] half = {0.5}, uint8[1] ten = {10}, float[1] one = {1.0}, uint8[1] three = {3}> {
  qx = QuantizeLinear(x, half, ten)  a = DequantizeLinear(qx, half, ten)  )" +
         nodes + R"(
  qy = QuantizeLinear(y, one, three)  r = DequantizeLinear(qy, one, three) })";
}

struct Simulated {
  Shape shape;
  std::vector<float> values;         // of the first output
  std::vector<SimulatedNode> nodes;  // as the simulator names them
  std::string error;                 // of building or running
};

// Nothing runs in float: what has no integer kernel is an error.
inline Simulated simulate(const std::string& text, const Tensor& x,
                          const VectorKernels& vector = vector_kernels().back()) {
  Simulated out;
  auto model = parse_text_model(text);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  if (!model) return out;
  auto simulator = Simulator::build(**model, {.load_float = {}, .threads = 2, .vector = &vector});
  if (!simulator) {
    out.error = simulator.error().message;
    return out;
  }
  out.nodes = simulator->nodes();
  auto results = simulator->run(std::vector{x});
  if (!results) {
    out.error = results.error().message;
    return out;
  }
  out.shape = (*results)[0].shape();
  out.values.assign((*results)[0].values<float>().begin(), (*results)[0].values<float>().end());
  return out;
}

}  // namespace acuate
