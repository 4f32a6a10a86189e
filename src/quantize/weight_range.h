#pragma once

#include "graph/tensor.h"
#include "numeric/scheme.h"

namespace acuate {

// The same grid with each scale at what errs least on these values, in squares, of 16 scales
// between its own and 5/8 of it: clipping the largest weights may pay for finer steps of all
// others. `widest` covers them all, with one scale or one for each index of its axis. Grids of
// powers of two and short floats stay as they are. Errors: scales that do not fit the shape.
Result<Quantization> least_error_scales(const Tensor& weights, const Scheme& scheme,
                                        Quantization widest);

}  // namespace acuate
