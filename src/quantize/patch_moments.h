#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/node.h"
#include "quantize/probe.h"

namespace acuate {

// What a layer multiplies its weights with: for each group of its channels the second moments
// H = Σ p pᵀ of the patches p, the n values of the input that one result is made of, in the order
// of the weights.
struct PatchMoments {
  size_t groups = 1;
  size_t n = 0;
};
// Nothing for layers that this does not cover: groups of more than one channel, products whose
// second operand is no matrix, and n above `largest`.
std::optional<PatchMoments> patch_moments_of(const Node& layer, size_t largest);

// Writes them into a probe, of `data` as the layer would read it; a float32 [groups, n, n]. Of many
// results every few are taken.
Value* write_patch_moments(GraphWriter& writer, Value* data, const Node& layer,
                           const PatchMoments& moments);

}  // namespace acuate
