#pragma once

#include "quantize/quantizer.h"

namespace acuate {

// Of each activation's encoding on an integer grid: the scale that does the least damage at the
// outputs (sensitivity.h), of some around the one that it has. The sweep measures all of them on
// up to 16 samples; what no gradient reaches keeps its scale. Ranges move with their scales.
// Clipped fractions and noise of the encodings are measured anew.
Result<void> refine_at_outputs(const Model& model, const Target& target,
                               const QuantizationPlan& plan, const Calibration& calibration,
                               size_t samples, const SampleLoader& load,
                               const CalibrationOptions& options, Encodings& encodings);

}  // namespace acuate
