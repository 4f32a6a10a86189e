#pragma once

#include <string>
#include <vector>

#include "quantize/hybrid_widths.h"

namespace acuate {

// Relative noise power at the outputs, first order, in 8 bits and promoted.
struct HybridDamage {
  struct Tensor {
    double before = 0, after = 0;
  };
  std::vector<Tensor> activations;  // as planned
  std::vector<Tensor> weights;      // as HybridLayers has them
};

// One sweep over the float network (sensitivity.h). `narrow` is its form in 8 bits throughout,
// whose weights are as they were rounded; `wide` of wide_encodings().
Result<HybridDamage> measure_hybrid_damage(const Quantizer& quantizer, const Prepared& prepared,
                                           const HybridLayers& layers, const Model& narrow,
                                           const Encodings& wide, size_t samples,
                                           const SampleLoader& load);

}  // namespace acuate
