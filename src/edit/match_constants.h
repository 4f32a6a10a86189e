#pragma once

#include "edit/graph_keys.h"

namespace acuate {

struct IndexMatch;

// Matches the constants of two graphs, initializers and Constant nodes alike: by how many matched
// nodes read them at the same place, then by content alone, then by name alone; those with equal
// content first. Adds to `match`, which holds the other nodes.
void match_constants(const GraphKeys& a, const GraphKeys& b, bool believe_names, IndexMatch& match);

}  // namespace acuate
