#pragma once

#include <memory>
#include <string>

#include "graph/model.h"
#include "numeric/scheme.h"

namespace acuate {

// A copy of the float graph in which one tensor alone stands on a grid: behind an activation (one
// scale) its division by the scale, rounding, clamping and multiplication; a constant is rounded
// itself. Needs opset ≥ 13.
Result<std::unique_ptr<Model>> with_injected_noise(const Model& model, const std::string& tensor,
                                                   const Quantization& grid);

}  // namespace acuate
