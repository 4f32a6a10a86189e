#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
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
  // Also takes in nodes in front of the refused ones that multiply nothing, where that leaves fewer
  // values to cut at: a minimum cut over values (1 each) and nodes (1/4 each). Not taken where
  // that cut would end the model nowhere, or leave less than half of it.
  bool fewest_values = false;
  // Also before each Concat that mixes value ranges (mixed_ranges.h) and behind which nothing is
  // multiplied, so that boxes and scores leave apart; operands that nothing bounds count as wide.
  bool before_mixing = false;
  // Nodes that fold away with static shapes: neither cut at nor counted for the fewest values. May
  // be empty.
  std::function<bool(const Node&)> folds = {};
};

// A main graph in two: a prefix that needs nothing of the rest, and the tail behind it.
struct Tail {
  Dag dag;                    // refers to the graph
  std::vector<Label> labels;  // of the Dag's nodes: 1 in the prefix, kHost in the tail
  size_t prefix_nodes = 0, tail_nodes = 0;
  size_t prefix_products = 0, tail_products = 0;  // of these, nodes that multiply
  std::vector<const Value*> cuts;     // what the prefix gives to the tail, as it is made
  std::vector<const Value*> inputs;   // of the graph, that the tail reads
  std::vector<const Value*> outputs;  // of the graph, that the tail makes, in the graph's order
  std::vector<const Node*> mixing_concats;  // that the tail begins with because they mix ranges

  // Whether `cut-at` at the cuts leaves the prefix: each output of the tail follows from a cut.
  bool ends_at_cuts() const;
  // `cut-at boxes scores`.
  std::string cut_command() const;
  // Whether half of the nodes that multiply are in the prefix; of all nodes where none multiplies.
  bool keeps_most() const;
  // `cut at 2 values, 12 of 340 nodes stay on the host`
  std::string text() const;
};

// The longest prefix that the target takes: every node that it takes with all that it needs, less
// what the fewest values ask for, less what is behind the cuts and the mixing Concats, and less
// what gives the tail values that are no tensors. Linear in nodes and operands, once for each time
// that such values widen the tail, and but for the flow, whose capacities are small. The graph is
// sorted and has inferred types.
Tail find_tail(const Graph& graph, const TailRequest& request);

// The tail that a finding offers to leave to the host: what follows from the nodes, of the fewest
// values. The same that `fix` cuts off where the target refuses just these nodes; there the model
// is simplified before. Nothing where less than half of the model would remain, or `cut-at` does
// not leave the prefix.
std::optional<Tail> offered_tail(const Graph& graph, const std::unordered_set<const Node*>& nodes,
                                 const std::function<bool(const Node&)>& folds);

// The tail that begins with one node, cut at its own operands, as `fix` cuts before a Concat that
// mixes ranges. Nothing where something is multiplied behind it, or `cut-at` does not leave the
// prefix.
std::optional<Tail> offered_tail_before(const Graph& graph, const Node& node,
                                        const std::function<bool(const Node&)>& folds);

}  // namespace acuate
