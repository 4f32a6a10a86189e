#pragma once

#include <string>
#include <vector>

namespace acuate {

// A graph in ONNX text form, all of whose inputs are float32. What `build_backward` gives for each
// input, with random seeds at the outputs and random inputs of 0.3 ≤ |x| < 1.3 (`positive`: x > 0),
// is, element by element, the central difference of the outputs on the engine, to 2e-3 · (1 + |g|).
void expect_gradients(const std::string& graph, bool positive = false, int opset = 17);

// Why the input `x` gets no gradient.
std::string not_reached(const std::string& graph, int opset = 17);

}  // namespace acuate
