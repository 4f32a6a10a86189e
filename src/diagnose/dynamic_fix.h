#pragma once

#include <string>

#include "diagnose/rule.h"

namespace acuate {

// How a finding says to fix the shape of an input of the original: the edit command with the
// numbers that the shadow got, or with letters to be replaced. Empty where the rank is not known.
struct ShapeRemedy {
  std::string command;  // `set-shape x 1 3 960 704`, `set-shape x N 3 H W`
  std::string letters;  // `N, H and W`; empty where the command is ready to use
};
ShapeRemedy shape_remedy(const DiagnoseContext& context, const Value& input);

// The nodes of the original that have the reason `dynamic_shape`, each once, in order.
std::vector<const Node*> dynamic_nodes(const Judgement& judgement);

}  // namespace acuate
