#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "numeric/scheme.h"
#include "quantize/calibrate.h"

namespace acuate {

// A tensor and the grids that it may get: an activation (one scale each), or the constant second
// operand of Conv, Gemm and MatMul nodes.
struct SensitivityCandidate {
  std::string tensor;
  std::vector<Quantization> grids;
  // Of a constant: the values that its grids round, where something moved them before, so that the
  // noise against its own is more than that rounding.
  std::optional<Tensor> values = {};
};

// Elements of one output whose values are of one magnitude, so that an error weighs alike in all:
// boxes beside scores in one tensor are two groups.
struct OutputGroup {
  std::string output;
  int64_t axis = -1;              // of `channels`; −1: all of the output
  std::vector<int64_t> channels;  // indices along the axis, increasing
  double signal_power = 0;        // mean y²
};

struct SensitivityOptions {
  CalibrationOptions calibration;
  // Random seeds, over all samples (at least one for each). The relative error of a damage is about
  // √(2 / probes) where noise is coherent, less where it is not.
  size_t probes = 16;
  uint64_t seed = 1;
  // One run for each output group, so that every damage stands for itself; without, one for all,
  // and `damage` holds their sum alone.
  bool by_group = false;
  // What no gradient reaches is quantized alone, once for each grid, and the outputs compared:
  // one engine and one run per sample each.
  bool inject = true;
};

// What one grid of one tensor does.
struct GridDamage {
  double noise_power = 0;  // mean n², n = x' − x (a weight: of its nodes' results)
  // Expected noise power at each group over the group's signal power, to first order:
  // E[(Σ n_e g_e)²]. One entry, the sum over the groups, without `by_group`.
  std::vector<double> damage;
  double sum() const;
  double worst() const;
};

struct TensorDamage {
  std::string tensor;
  double signal_power = 0;  // mean x² (a weight: of its nodes' results)
  // Noise that is independent from element to element does a damage of noise_power · gain.
  double gain = 0;                         // E[Σ g²]
  std::vector<double> channel_gains = {};  // E[mean g²] by index of axis 1, where there is one
  std::vector<GridDamage> grids = {};      // as in the candidate
  std::string not_reached = {};            // why no gradient reaches it; empty where one does
  bool is_injected = false;                // measured alone instead: `gain` is nothing then
};

struct Sensitivity {
  std::vector<OutputGroup> groups;
  std::vector<TensorDamage> tensors;  // as the candidates
  size_t samples = 0;
  size_t runs = 0;  // forward and backward
};

// Every candidate's damage at the outputs in one sweep: the gradient by each tensor of a random
// projection v of the outputs (one forward and one backward run per probe), multiplied by the
// tensor's own noise, is the change of v · y; with v_e = ±1 / (RMS of the group · √elements), whose
// signs are independent, its expected square is the noise power at the outputs over their signal
// power (Hutchinson, "A stochastic estimator of the trace", 1990). A weight's noise is that of a
// local twin of its nodes: the same node with the rounding error of its weight, run on the float
// input.
//
// Boxes of detectors count by the score of their position (salient_positions.h).
//
// Groups: of an output, channels whose RMS differ by less than a factor of 8 from one to the next
// in order of size. `model` is the float graph with static shapes and opset ≥ 13 (below 16 it is
// converted where it can be). Memory: the activations between first tensor and outputs, which stay
// for the way back, and tensors and gradients up to max_memory_bytes, for which a probe is run in
// several pieces. The same seed gives the same numbers.
Result<Sensitivity> measure_sensitivity(const Model& model, const Target& target,
                                        const std::vector<SensitivityCandidate>& candidates,
                                        size_t samples, const SampleLoader& load,
                                        const SensitivityOptions& options = {});

}  // namespace acuate
