#pragma once

#include <unordered_set>
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

// What a model may come with and no pass may add to. Linear in nodes and uses.
struct LooseEnds {
  std::unordered_set<const Value*> undefined;  // read or given out, and made by nothing
  bool is_unsorted = false;  // a node stands before the producer of what it or its bodies read
};
LooseEnds loose_ends(const Model& model);
// The invariants, and that there are no other loose ends than `before`. Returns those there are.
LooseEnds check_invariants(const Model& model, const LooseEnds& before);

}  // namespace acuate
