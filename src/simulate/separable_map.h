#pragma once

#include <functional>
#include <string>
#include <vector>

#include "graph/node.h"
#include "graph/tensor.h"
#include "simulate/kernel.h"

namespace acuate {

// A result each of whose elements is one of the input, found by adding an offset for each axis of
// the result: Transpose, Slice, Tile, Resize by nearest neighbour, …
struct SeparableMap {
  static constexpr int64_t kPadding = INT64_MIN;  // this index is behind the edge: zero

  Shape shape;                                // of the result
  std::vector<std::vector<int64_t>> offsets;  // of axes whose sizes multiply to the same count

  // `zero`: the integer that stands for 0.
  Tensor apply(const Tensor& input, int32_t zero, const Execution& execution) const;
};

// The maps of all results of a node whose input has a known shape and whose other inputs are
// constant. Errors: a reason why there is none.
Result<std::vector<SeparableMap>> maps_of(const KernelRequest& request);

}  // namespace acuate
