#pragma once

#include <unordered_set>
#include <vector>

#include "edit/diff.h"

namespace acuate {

// Inputs and outputs of the main graphs: names, types, order. Returns the values of the first model
// of which that told, so that their new names are told once.
std::unordered_set<const Value*> compare_interface(std::vector<FieldChange>& list, const Model& a,
                                                   const Model& b, const ModelMatch& match);

}  // namespace acuate
