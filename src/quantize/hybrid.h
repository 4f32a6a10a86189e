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
  // Whether a quantized model is good enough; none: all that the share allows are promoted.
  std::function<Result<bool>(const Quantized&)> accept;
};

// One activation, or one step of the search.
struct Promotion {
  std::string tensor;
  double damage_before = 0, damage_after = 0;  // at the outputs, relative noise power, first order
  double cost = 0;  // share of multiply-accumulates that leave 8 bits with it, plus one tensor's
};

// A point of the trade-off: the first `promoted` of the order.
struct HybridPoint {
  size_t promoted = 0;
  double share = 0;                      // of planned activations
  double macs_8bit_share = 0;            // of the multiply-accumulates of planned layers
  double predicted_noise = 0;            // relative noise power at the outputs, first order
  std::optional<double> measured_noise;  // the emitted form's; nothing: not run
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
// ones cost, then finds the shortest prefix of that order that is accepted, by bisection over real
// runs of the emitted form. The noise at a few points of the whole curve is measured on up to
// kTrialSamples samples. `encodings` of the result are those of the prepared graph with the
// promoted ones replaced.
struct HybridChoice {
  Hybrid hybrid;
  Encodings encodings;
};
Result<HybridChoice> choose_hybrid(const Quantizer& quantizer, const Prepared& prepared,
                                   const std::vector<const Recovery*>& used, size_t samples,
                                   const SampleLoader& load, const HybridRequest& request);

}  // namespace acuate
