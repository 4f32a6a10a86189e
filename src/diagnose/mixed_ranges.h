#pragma once

#include <functional>
#include <string>
#include <vector>

#include "diagnose/finding.h"
#include "diagnose/reached_ranges.h"
#include "diagnose/rule.h"

namespace acuate {

// A Concat of the model whose operands differ so much in range that one step of 8 bits for the
// widest leaves fewer than four steps to the narrowest.
struct MixedConcat {
  const Node* node = nullptr;
  const Value *widest = nullptr, *narrowest = nullptr;
  ReachedRange wide, narrow;
  double steps = 0;  // of 256, for the narrowest

  // `'boxes' has values from 0 to 640, 'scores' from 0 to 1: of 256 steps 'scores' gets 0.4`
  std::string text() const;
};

// In stored order. `range_of` gives the range of a value, or nothing.
std::vector<MixedConcat> mixed_concats(
    const Model& model, const std::function<std::optional<ReachedRange>(const Value&)>& range_of);

// The finding for it, told on a node of the user's model, with the cut before it as the fix where
// nothing with weights follows.
Finding mixed_ranges_finding(const Model& original, const Node& node, const MixedConcat& mixed,
                             const ModelModuleTree& modules);

}  // namespace acuate
