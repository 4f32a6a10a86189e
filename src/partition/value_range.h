#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "graph/model.h"

namespace acuate {

// An interval that holds every finite value of a tensor; unbounded where nothing is known.
struct ValueRange {
  static constexpr double kUnbounded = std::numeric_limits<double>::infinity();
  double low = -kUnbounded, high = kUnbounded;

  bool is_bounded() const { return low > -kUnbounded && high < kUnbounded; }
  double magnitude() const { return std::max(std::abs(low), std::abs(high)); }
  bool operator==(const ValueRange&) const = default;
};

// What follows from saturating operators (Sigmoid, Softmax, Clip, …) and constants alone, by
// interval arithmetic in stored order. Without data and without running anything; linear in nodes
// and in the elements of small constants.
class ValueRanges {
 public:
  static ValueRanges of(const Graph& graph);

  // Unbounded for what is not known, and for tensors of bodies.
  ValueRange of(const Value& value) const;
  // A Concat of floats beside each other whose magnitudes differ by more than eightfold, such as
  // boxes (unbounded, or 0 to 640) and scores (0 to 1): one 8-bit grid over both destroys the small
  // ones. One side at least is bounded by what computes it; constants do not count as such.
  bool mixes_ranges(const Node& node) const;

 private:
  void visit(const Node& node);
  std::unordered_map<const Value*, ValueRange> ranges_;
};

}  // namespace acuate
