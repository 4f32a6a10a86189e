#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "quantize/quantizer.h"

namespace acuate {

// What belongs together when an activation leaves 8 bits: the layers that read it as their data,
// and their weights, whose 8 bits would otherwise be what is left of the damage. Weights that
// layers of several activations read go with the last of these.
struct HybridLayers {
  struct Weight {
    std::string tensor;
    std::vector<std::string> data;  // of the layers that multiply by it, each once
  };
  std::unordered_map<std::string, std::vector<const Node*>> readers;  // by activation
  std::vector<Weight> weights;                                        // as planned

  static HybridLayers of(const QuantizationPlan& plan);
};

// The wide encodings of all planned activations and weights; of none where the scheme is `float`.
// An activation gets twice the range that calibration saw, since steps are no longer scarce and
// other samples than these reach further. Weights stay symmetric, with as many scales, where they
// are: `s16` then, and the scheme itself where that is symmetric too.
Result<Encodings> wide_encodings(const Prepared& prepared, const std::string& scheme);

}  // namespace acuate
