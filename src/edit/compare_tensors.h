#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "graph/model.h"

namespace acuate {

struct TensorDifference {
  uint64_t differing = 0;  // elements whose bits differ (bytes for sub-byte types)
  std::optional<double> max_abs_difference;  // of the values, in double
  std::string reason;                        // why there is none
};

// Two tensors of the same type and shape, element by element. Where one side is NaN or infinite and
// the other is not the same there is no largest difference.
TensorDifference compare_tensors(const Tensor& a, const Tensor& b);

// The same of two weights, data files read a block at a time. Weights without dense content
// (strings) and such as cannot be read are compared by what the model says of them, and the reason
// tells; nothing differs where both are the same place of the same file, which is not read.
TensorDifference compare_weights(const Model& a, const TensorRef& x, const Model& b,
                                 const TensorRef& y);

// Keys by which weights are likely the same: `type` of element type and shape, `content` of the
// values too, of which blocks spread over a large weight are read.
struct WeightKeys {
  uint64_t type = 0;
  uint64_t content = 0;
};
WeightKeys weight_keys(const Model& model, const TensorRef& ref);

}  // namespace acuate
