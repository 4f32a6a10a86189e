#pragma once

#include <functional>
#include <string>

#include "edit/match_graphs.h"

namespace acuate {

struct TypeDifference {
  const Value* value = nullptr;  // of the first model
  std::string before;
  std::string after;
  // The node reads the same types in both models, so that the difference begins here. Otherwise
  // `followers` counts inner values that follow from something told elsewhere.
  bool is_source = false;
  size_t followers = 0;
};

// Types of matched inner values that differ and are known on both sides: after `infer`, where there
// is one, on copies of the models; else as the models declare them. In the order of the nodes, then
// once those that follow from inputs and from nodes that are not matched.
void compare_types(const Model& a, const Model& b, const ModelMatch& match,
                   const std::function<void(Model&)>& infer,
                   const std::function<void(const TypeDifference&)>& tell);

}  // namespace acuate
