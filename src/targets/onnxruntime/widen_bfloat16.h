#pragma once

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// Writes a network that computes in bfloat16 for an engine that has next to no kernels of it: what
// is bfloat16 becomes float32 that holds the same values. Weights are widened, every operator
// computes in float32, and a Cast to bfloat16 and back behind it rounds its results, to the nearest
// and ties to even, as one that stores bfloat16 and accumulates in float32 does. The model's own
// inputs and outputs keep their types. Bodies included; functions are left alone. Returns how many
// tensors there were of bfloat16. Linear in nodes; memory: twice the bytes of bfloat16 weights.
// Errors: a weight that cannot be read.
Result<size_t> widen_bfloat16(Model& model);

}  // namespace acuate
