#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "quantize/quantize.h"

namespace acuate {

// 10·log10(Σx² / Σ(x − x')²) of activations of a quantized model, behind their own grids, against
// the float model over the same samples, in dB by tensor: what the noise of all that stands before
// them comes to. Left out: model inputs, and what is equal. Memory as calibrate().
Result<std::unordered_map<std::string, double>> measure_drift(
    const Quantized& quantized, const Target& target, const std::vector<std::string>& activations,
    size_t samples, const SampleLoader& load, const CalibrationOptions& options = {});

}  // namespace acuate
