#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "graph/tensor.h"

namespace acuate {

// The elements as double: exact for every number type but 64-bit integers beyond 2^53. Strings,
// complex, float8 and sub-byte elements are an Error; `what` names the tensor in it.
Result<std::vector<double>> to_doubles(const Tensor& tensor, std::string_view what);

}  // namespace acuate
