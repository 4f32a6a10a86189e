#pragma once

#include <array>
#include <cstdint>

#include "base/result.h"
#include "graph/node.h"
#include "graph/tensor.h"

namespace acuate {

// How a convolution or pooling slides over height and width; for [N, C, W] the height is 1.
struct SlidingWindow {
  struct Axis {
    int64_t kernel = 1, stride = 1, dilation = 1;
    int64_t pad_begin = 0, pad_end = 0;  // as declared
    // Of the padded input, from the first to the last that the kernel covers.
    int64_t span() const { return (kernel - 1) * dilation + 1; }
  };
  std::array<Axis, 2> axes;  // height, width
  bool same_upper = false, same_lower = false, ceil = false;

  // With `kernel` where the node has no kernel_shape. Errors: other than one or two spatial axes.
  static Result<SlidingWindow> of(const Node& node, std::span<const int64_t> kernel);

  // Where the windows of an axis of `size` elements start: window i at i · stride − pad_begin.
  struct Places {
    int64_t count = 0, pad_begin = 0;
  };
  Places places(size_t axis, int64_t size) const;
};

// [N, C, H, W] or [N, C, W] with its height.
struct ImageShape {
  int64_t batch = 0, channels = 0, height = 0, width = 0;
  size_t spatial = 2;
  static Result<ImageShape> of(const Shape& shape);
  Shape with(int64_t other_channels, int64_t other_height, int64_t other_width) const;
};

}  // namespace acuate
