#pragma once

#include <span>

#include "rewrite/pass.h"

namespace acuate {

// Tries local passes on the nodes of the main graph and of all bodies, function bodies left out, in
// stored order. Where one applied, the node and its neighbours are tried again at once, so that one
// sweep over sorted nodes usually comes to rest. Adds to `records`, one for each pass. Linear: a
// rewrite looks at a bounded neighbourhood, and the number of rewrites is bounded.
void sweep(std::span<const Pass* const> passes, const Model& model, const PassContext& context,
           std::span<PassRecord> records);

}  // namespace acuate
