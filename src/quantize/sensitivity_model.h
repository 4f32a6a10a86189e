#pragma once

#include <string>
#include <vector>

#include "quantize/backward.h"
#include "quantize/sensitivity.h"

namespace acuate {

// What is fetched from one run for one activation.
struct Reading {
  size_t tensor = 0;                       // place in the result
  int64_t input = -1;                      // the model input that holds the values; −1: an output
  std::string values = {}, gradient = {};  // outputs of the engine
  uint64_t size_bytes = 0;
};

// Scalars that the engine sums up for one node of one weight: the noise of its twin never leaves
// it.
struct TwinReading {
  size_t tensor = 0;
  double count = 0;                                        // elements of the node's result
  std::string signal = {}, gain = {};                      // Σ y², Σ g²
  std::vector<std::string> noises = {}, projections = {};  // Σ n², Σ n g, by grid
};

// The backward model of the candidates with the twins of their weights: same nodes that multiply by
// the weight's rounding error, linear in it, so that their results are the errors of those of the
// nodes.
struct SensitivityModel {
  BackwardModel backward;
  std::vector<Reading> readings;         // in the order of the candidates
  std::vector<TwinReading> twins;        // likewise
  std::vector<std::string> not_reached;  // by candidate: why; empty where a gradient reaches it
};

// Errors: tensors that are not there or not float32, activations with a grid per channel. `model`
// needs opset ≥ 13. Of each weight, one float32 tensor of its size per grid is made.
Result<SensitivityModel> build_sensitivity_model(
    const Model& model, const std::vector<SensitivityCandidate>& candidates);

}  // namespace acuate
