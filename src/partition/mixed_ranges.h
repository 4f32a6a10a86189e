#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "partition/value_range.h"

namespace acuate {

// A Concat of floats whose operands differ so much in range that one step of 8 bits for the widest
// leaves fewer than four steps to the narrowest: boxes (0 to 640) beside scores (0 to 1).
struct MixedConcat {
  const Node* node = nullptr;
  const Value *widest = nullptr, *narrowest = nullptr;
  ValueRange wide, narrow;
  double steps = 0;  // of 256, for the narrowest

  // `'boxes' has values from 0 to 640, 'scores' from 0 to 1: of 256 steps 'scores' gets 0.4`
  std::string text() const;
};

// Of the main graph, in stored order. `range_of` gives the range of a value, as it follows from
// operators (ValueRanges) or was measured; nothing where it says nothing. One without bounds counts
// as wide beyond measure. Constants do not count.
std::vector<MixedConcat> mixed_concats(
    const Graph& graph, const std::function<std::optional<ValueRange>(const Value&)>& range_of);

}  // namespace acuate
