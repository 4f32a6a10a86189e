#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quantize/gradient.h"

namespace acuate {

// How a convolution or pooling slides over its spatial axes, pads as numbers.
struct SlidingWindow {
  std::vector<int64_t> kernel, strides, dilations;
  std::vector<int64_t> begins, ends;  // pads; `ends` may be short of what ceil_mode reads beyond

  int64_t extent(size_t axis) const { return dilations[axis] * (kernel[axis] - 1) + 1; }
};

// Of a Conv, AveragePool, …: `in` and `out` are whole shapes, [N, C, spatial…].
SlidingWindow sliding_window(const Node& node, const Shape& in, const Shape& out,
                             std::vector<int64_t> kernel);

// The gradient by the data [N, C, in…] of a convolution with `weight` [M, C / group, kernel…], from
// that by its result [N, M, out…]. As a convolution with the flipped weight where strides are 1 or
// the convolution is depthwise (then zeros stand between the elements; engines' transposed
// convolutions are slow there), else as a transposed convolution.
Value* convolution_data_gradient(GradientContext& context, Value* gradient, const Shape& out,
                                 Value* weight, const Shape& weight_shape, int64_t group,
                                 const SlidingWindow& window, const Shape& in);

}  // namespace acuate
