#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "graph/tensor.h"

namespace acuate {

struct TensorDifference {
  uint64_t differing = 0;  // elements whose bits differ (bytes for sub-byte types)
  std::optional<double> max_abs_difference;  // of the values, in double
  std::string reason;                        // why there is none
};

// Two tensors of the same type and shape, element by element. Where one side is NaN or infinite and
// the other is not the same there is no largest difference.
TensorDifference compare_tensors(const Tensor& a, const Tensor& b);

}  // namespace acuate
