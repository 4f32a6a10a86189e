#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "numeric/value_range.h"

namespace acuate {

// A Concat of floats whose operands differ so much in range that 8 bits for the widest leave few
// steps to the narrowest: boxes (0 to 640) beside scores (0 to 1).
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
// as wide beyond measure. Constants do not count. Told are those that leave fewer than `steps` of
// 256; with fewer than four nothing of the narrowest is left.
std::vector<MixedConcat> mixed_concats(
    const Graph& graph, const std::function<std::optional<ValueRange>(const Value&)>& range_of,
    double steps = 4);

}  // namespace acuate
