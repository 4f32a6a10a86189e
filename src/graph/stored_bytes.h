#pragma once

#include <optional>

#include "graph/tensor_ref.h"

namespace acuate {

// The content of a weight in raw_data layout where it lies in memory as that, aligned or not: to
// look into it without load(), which copies what is not aligned. Nothing for external data, typed
// fields and a payload that does not fit the shape.
std::optional<Bytes> stored_bytes(const TensorRef& ref);

}  // namespace acuate
