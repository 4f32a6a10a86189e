#pragma once

#include <optional>

#include "graph/model.h"
#include "shape/inference.h"

namespace acuate {

// Whether both are tensors of one element type and, dimension by dimension, of equal size; also
// where a size depends on data and has no name, but is the same one.
bool same_type(const Value& a, const Value& b, const ShapeInference& shapes);

// What to write into the second input of a Reshape so that little of it has to be computed:
// numbers; 0 for what is the input's dimension in the same place; −1 for one other; the rest as it
// is. Nothing where the shape is not known, or 0 has its own meaning (allowzero).
std::optional<Dims> reshape_target(const Node& reshape, const ShapeInference& shapes);

}  // namespace acuate
