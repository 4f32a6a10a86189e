#pragma once

#include "targets/target.h"

namespace acuate {

// For work that needs values and no times, such as folding, calibration and scoring: the target
// itself where it runs here, otherwise one with its id, rules of quantization and patterns that
// ONNX Runtime runs. Errors: neither runs.
Result<Target> with_engine(const Target& target);

}  // namespace acuate
