#pragma once

#include "rewrite/expansion.h"

namespace acuate {

// (x - mean) / sqrt(variance + epsilon) with mean and variance over these axes.
Value* normalize(Expansion& out, Value* x, const std::vector<int64_t>& axes, double epsilon);

// The axes from the attribute `axis` to the last one; nothing where the rank of the node's input is
// not known or the axis out of range.
std::optional<std::vector<int64_t>> last_axes(const Node& node);

// The one axis of Softmax and the like, counted from the front; the reason where it is not known.
std::optional<std::string> softmax_axis(const Node& node, int64_t& axis);

// x * scale + bias for x of [N, C, …] with `rank` dimensions; scale and bias are [C].
Value* scale_channels(Expansion& out, Value* x, Value* scale, Value* bias, int64_t rank);

}  // namespace acuate
