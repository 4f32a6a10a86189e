#pragma once

#include "simulate/products.h"
#include "simulate/sliding_window.h"

namespace acuate {

// A convolution once its weights are rows: [group · channels of a group, ky, kx, input channel].
struct Convolution {
  Products products;
  SlidingWindow window;
  size_t groups = 1;
  size_t group_depth = 0;  // input channels of a group
  Quantization input, output;
  // Of a transposed convolution: two elements of the input stand this far apart, zeros between
  // them.
  std::array<int64_t, 2> spread = {1, 1};

  // `result_size`: of a transposed convolution; nothing: what the window gives.
  Result<Tensor> run(const Tensor& image, const Execution& execution,
                     std::optional<std::array<int64_t, 2>> result_size = {}) const;
};

}  // namespace acuate
