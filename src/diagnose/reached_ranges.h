#pragma once

#include <unordered_map>

#include "graph/model.h"

namespace acuate {

struct ReachedRange {
  double low = 0, high = 0;
  // Non-negative and adding up to one along some axis: what a Softmax made, rearranged or not.
  bool is_distribution = false;

  double width() const { return high - low; }
};
using ReachedRanges = std::unordered_map<const Value*, ReachedRange>;

// Between which numbers the values of the main graph lie whatever the input, by interval
// arithmetic (Moore, "Interval Analysis", 1966, section 3) from activations that bound their
// results (Sigmoid, Softmax, Tanh, Clip, …) and from constants, through arithmetic and whatever
// only moves values. Only ranges that are nearly reached are stated: a convolution or matrix
// product ends them, but for one that averages constants with the weights of a Softmax, as decoders
// of distributions do (Li et al., "Generalized Focal Loss", 2020, section 3.2). Linear in nodes and
// in the constants that arithmetic reads.
ReachedRanges reached_ranges(const Model& model);

}  // namespace acuate
