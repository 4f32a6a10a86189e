#pragma once

#include <memory>

#include "shape/inference.h"

namespace acuate {

// Refuses what refuse_invalid() refuses, and gives the shapes of a valid model to go on with: they
// are inferred once for both.
Result<std::unique_ptr<ShapeInference>> infer_valid(Model& model);

}  // namespace acuate
