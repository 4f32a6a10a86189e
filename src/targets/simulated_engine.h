#pragma once

#include "targets/target.h"

namespace acuate {

// KernelRecord::provider of a simulation: the first, or the second and why.
inline constexpr std::string_view kIntegers = "integers";
inline constexpr std::string_view kInFloat = "float: ";

// A quantized model in integers (simulate/simulator.h, docs/simulate.md). Nodes that have no
// integer kernel run on ONNX Runtime in float, and the profile says why. Errors: a model without
// QuantizeLinear, which has nothing to simulate.
Result<std::unique_ptr<Engine>> load_simulated(const ModelSource& source,
                                               const EngineOptions& options);

// Whether the target itself is not here and the simulation computes with its arithmetic, as far as
// it is published: then load() of the target gives that.
bool simulates(const Target& target);

// The same target with the simulation as its engine.
Target simulated(const Target& target);

}  // namespace acuate
