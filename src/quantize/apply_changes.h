#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "graph/model.h"
#include "numeric/graph_changes.h"

namespace acuate {

// Does again to a float graph what recovery did to it when these encodings were chosen, so that
// their quantized form is the same to the bit. Errors: a tensor or node that the graph does not
// have, one that cannot be changed so, and lists of another length than it has channels or
// elements; the message names it.
Result<void> apply_changes(Model& model, const GraphChanges& changes, const Encodings& encodings);

// How the weights on the grid differ from the nearest integers of the original ones. Nothing: by
// more steps than can be said, or one of them has no such grid.
std::optional<WeightRounding> rounding_of(std::string_view tensor, const Tensor& original,
                                          const Tensor& rounded, const Quantization& quantization);

// Gives a Conv or Gemm this bias, in place of the constant that it has or as its first.
void set_bias(Node& node, std::span<const float> bias);

}  // namespace acuate
