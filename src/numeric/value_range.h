#pragma once

#include <limits>
#include <unordered_map>

#include "graph/model.h"

namespace acuate {

// An interval that holds every finite value of a tensor; infinite where nothing bounds it.
struct ValueRange {
  static constexpr double kUnbounded = std::numeric_limits<double>::infinity();
  double low = -kUnbounded, high = kUnbounded;
  // Non-negative and adding up to one along some axis: what a Softmax made, rearranged or not.
  bool is_distribution = false;

  double width() const { return high - low; }
  bool is_bounded() const { return width() < kUnbounded; }
  bool operator==(const ValueRange&) const = default;
};

// Between which numbers the values of the main graph lie whatever the input, by interval
// arithmetic (Moore, "Interval Analysis", 1966, section 3) from activations that bound their
// results (Sigmoid, Softmax, Tanh, Clip, Relu on one side, …) and from constants, through
// arithmetic and whatever only moves values. Only ranges that are nearly reached are stated: a
// convolution or matrix product ends them, but for one that averages constants with the weights of
// a Softmax, as decoders of distributions do (Li et al., "Generalized Focal Loss", 2020, section
// 3.2). The graph is sorted. Linear in nodes and in the constants that arithmetic reads.
class ValueRanges {
 public:
  static ValueRanges of(const Graph& graph);

  // Unbounded for inputs, constants, tensors of bodies and what is not known.
  ValueRange of(const Value& value) const;

 private:
  std::unordered_map<const Value*, ValueRange> ranges_;
};

}  // namespace acuate
