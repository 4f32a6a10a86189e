#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "quantize/quantizer.h"

namespace acuate {

// Which activations leave 8 bits, and for how much.
struct HybridRequest {
  // What promoted activations become: `s16` or `u16`, or `float`, where the layers that read one
  // are left in float.
  std::string scheme = "s16";
  // The share of planned activations that may be promoted, 0 to 1; nothing: as many as it takes.
  std::optional<double> largest_share;
  // How much work may leave 8 bits with them, and what a layer's is; without `work_of`, the
  // multiply-accumulates of one inference.
  HybridBudget budget;
  std::function<double(const Node&)> work_of;
  // What real runs say of a quantized model; none: all that the limits allow are promoted.
  HybridJudge judge;
};

// One activation, or one step of the search.
struct Promotion {
  std::string tensor;
  // At the outputs, relative noise power, first order; with that of the weights that become wide
  // with it.
  double damage_before = 0, damage_after = 0;
  // Share of work that leaves 8 bits with it, plus one tensor's share of converters, which is a
  // twentieth of that where work alone is limited.
  double cost = 0;
};

// A point of the trade-off: the first `promoted` of the order.
struct HybridPoint {
  size_t promoted = 0;
  double share = 0;                      // of planned activations
  double macs_8bit_share = 0;            // of the multiply-accumulates of planned layers
  double work_8bit_share = 0;            // of their work, see HybridRequest
  double predicted_noise = 0;            // relative noise power at the outputs, first order
  std::optional<double> measured_noise;  // the emitted form's; nothing: not run
  HybridVerdict verdict = {};            // of the request's judge; no values: not asked
};

struct Hybrid {
  std::string scheme;              // that of the request
  std::vector<Promotion> order;    // best gain for its cost first
  std::vector<HybridPoint> curve;  // by `promoted`, ascending; from none to all
  size_t promoted = 0;             // of `order`
  size_t activations = 0;          // that are planned
  bool accepted = true;            // false: not even all that may be promoted were enough
};

// Orders the activations by what their 8 bits damage at the outputs (sensitivity.h) for what wider
// ones cost, those first that the limits allow together; then finds the shortest prefix of that
// order that the judge accepts, by bisection over real runs of the emitted form. The noise at a few
// points of the whole curve is measured on up to kTrialSamples samples.
struct HybridChoice {
  Hybrid hybrid;
  Quantized quantized;  // the chosen prefix
};
Result<HybridChoice> choose_hybrid(const Quantizer& quantizer, const Prepared& prepared,
                                   const std::vector<const Recovery*>& used, size_t samples,
                                   const SampleLoader& load, const HybridRequest& request);

}  // namespace acuate
