#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "graph/model.h"

namespace acuate {

// The end of a model, from a cut on: what the host would run after the target.
struct TailCut {
  std::vector<const Value*> cut;  // computed before the tail and read in it, in stored order
  std::unordered_set<const Node*> nodes;  // of the main graph
  std::string command;                    // `cut-at boxes scores`, which leaves what is before

  // `cut there, 12 of 340 nodes stay on the host`
  std::string text() const;
  size_t total = 0;  // nodes of the main graph without constants
};

// The smallest tail that holds the nodes and all that follows from them, less the shape scaffolds,
// which fold. It may take in nodes before them that multiply nothing, where that leaves fewer
// values to cut at: a minimum cut over values (1 each) and nodes (kNodeCost each; those with
// weights are as good as forbidden). Nothing where no such cut ends the model (an output would stay
// that follows from the nodes), or where less than half of the nodes with weights (of all nodes,
// where there are none) would remain. The graph is sorted; its types are inferred. Linear in nodes,
// but for the flow, whose capacities are small.
std::optional<TailCut> smallest_tail(const Model& model,
                                     const std::unordered_set<const Node*>& nodes);

// The tail that begins with one node: cut at its own operands.
std::optional<TailCut> tail_from(const Model& model, const Node& node);

}  // namespace acuate
