#pragma once

#include "rewrite/expansion.h"

namespace acuate {

// (x - mean) / sqrt(variance + epsilon) with mean and variance over these axes.
Value* normalize(Expansion& out, Value* x, const std::vector<int64_t>& axes, double epsilon);

// x * scale + bias for x of [N, C, …] with `rank` dimensions; scale and bias are [C].
Value* scale_channels(Expansion& out, Value* x, Value* scale, Value* bias, int64_t rank);

}  // namespace acuate
