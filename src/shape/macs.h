#pragma once

#include <cstdint>
#include <optional>

#include "graph/model.h"

namespace acuate {

// Multiply-accumulates of one inference of the node: Conv, ConvTranspose, Gemm and MatMul (0 for
// all others), from inferred static shapes; nothing where they are not static.
std::optional<int64_t> multiply_accumulates(const Node& node);

}  // namespace acuate
