#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quantize/quantize.h"

namespace acuate {

// What the grid of one tensor does to the network.
struct TensorExplanation {
  std::string tensor;
  std::string layer;  // address of the node that makes it, or that reads it where it is a weight
  bool is_weight = false;
  // Expected noise power over signal power, the mean of the output groups (sensitivity.h), to first
  // order and with everything else in float.
  double damage = 0;
  double int16_damage = 0;  // the same, on 16 bits over all the values that were found
  double share = 0;         // of the damage of all tensors
  // By which the predicted noise of all would fall if this tensor alone had 16 bits.
  double int16_gain_db = 0;
  // 10·log10(Σx² / Σ(x − x')²) of the tensor in the quantized model, behind its own grid, against
  // the float model. Nothing: it is a weight, or equal.
  std::optional<double> cumulative_sqnr_db;
};

struct Explanation {
  std::vector<TensorExplanation> tensors;  // the most harmful first
  size_t samples = 0;
  // Predicted noise over signal at the outputs of all tensors together, if their noises are
  // independent of each other, in dB: −10·log10(Σ damage). Nothing: no tensor does any.
  std::optional<double> predicted_sqnr_db;
};

// Ranks the tensors of a quantized model by what they do at its outputs, and measures how far each
// activation has drifted. Up to kExplainedSamples samples; memory as calibrate().
inline constexpr size_t kExplainedSamples = 8;
Result<Explanation> explain_quantization(const Quantized& quantized, const Target& target,
                                         size_t samples, const SampleLoader& load,
                                         const CalibrationOptions& options = {});

}  // namespace acuate
