#pragma once

#include <vector>

#include "graph/model.h"

namespace acuate {

// What is wrong with the structure: ids `duplicate_name`, `duplicate_node_name`, `undefined_input`,
// `undefined_output`, `cycle`, `unsorted_nodes`, `type_mismatch`. Empty for a model that every
// command takes. Linear in nodes and uses.
std::vector<ModelIssue> verify(const Model& model);

// Holds our own invariants (use lists, producers, list links) after a change; throws InternalError
// with what broke.
void check_invariants(const Model& model);

}  // namespace acuate
