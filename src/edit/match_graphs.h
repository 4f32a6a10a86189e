#pragma once

#include <unordered_map>
#include <vector>

#include "graph/model.h"

namespace acuate {

// Which node and value of one graph is which of another.
struct GraphMatch {
  std::unordered_map<const Node*, const Node*> nodes;
  std::unordered_map<const Value*, const Value*> values;
};

// Matches nodes by unique name and operator domain, then by first output, then, as long as that
// finds more, by operator and matched inputs or users; values by what they are to matched nodes,
// else by name. `match` holds what is known of the graphs around these (for bodies) and receives
// the rest.
void match_graphs(const Graph& a, const Graph& b, GraphMatch& match);

}  // namespace acuate
