#pragma once

#include <unordered_set>

#include "edit/command.h"

namespace acuate {

// Nodes that refuse their operands or contradict what is declared, once types are inferred after a
// script that changed any.
std::unordered_set<const Node*> contradictions(const Edit& edit);

// Whether the script leaves contradictions that the model did not have before it; runs it again,
// line by line, to find where. The error names the line, and both sources as shape inference does.
Result<void> check_consistent(const Model& before, const Script& script,
                              const EditContext& context);

}  // namespace acuate
