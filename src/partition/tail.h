#pragma once

#include <functional>
#include <vector>

#include "partition/dag.h"
#include "partition/pieces.h"

namespace acuate {

struct TailRequest {
  // Whether the target may have a node of the main graph.
  std::function<bool(const Node&)> may_take;
  // The model is cut here: what follows from these values is the host's. Empty: wherever a node is
  // refused.
  std::vector<const Value*> cuts;
  // Also before each Concat that mixes value ranges (value_range.h) and behind which nothing is
  // multiplied, so that boxes and scores leave apart.
  bool before_mixing = false;
};

// A main graph in two: a prefix that needs nothing of the rest, and the tail behind it.
struct Tail {
  Dag dag;                    // refers to the graph
  std::vector<Label> labels;  // of the Dag's nodes: 1 in the prefix, kHost in the tail
  size_t prefix_nodes = 0, tail_nodes = 0;
  std::vector<const Value*> cuts;     // what the prefix gives to the tail, as it is made
  std::vector<const Value*> inputs;   // of the graph, that the tail reads
  std::vector<const Value*> outputs;  // of the graph, that the tail makes, in the graph's order
  std::vector<const Node*> mixing_concats;  // that the tail begins with because they mix ranges
};

// The longest prefix that the target takes: every node that it takes with all that it needs, less
// what is behind the cuts and the mixing Concats, and less what gives the tail values that are no
// tensors. Linear in nodes and operands, once for each time that such values widen the tail. The
// graph is sorted and has inferred types.
Tail find_tail(const Graph& graph, const TailRequest& request);

}  // namespace acuate
