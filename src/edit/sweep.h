#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "graph/model.h"

namespace acuate {

// The node of `graph` that stands for `node`: itself, or the one whose body holds it, at any depth;
// null if neither.
Node* holder_in(const Graph& graph, Node* node);

// Values that the node reads, its bodies included, that live in its own graph or outside of it.
std::vector<Value*> values_read(const Node& node);

// Unlinks the nodes and forgets their outputs, which nothing else may use any more; then, from the
// values that they read backwards, removes constants and nodes that are of no use to anybody.
// Inputs of the model stay. Returns how many nodes that second step removed.
size_t remove_nodes_and_sweep(const std::vector<Node*>& nodes);

// What was dropped because no output needs it.
struct Dropped {
  size_t nodes = 0;
  std::vector<std::string> inputs;
};

// Nodes of the graph that the values need, bodies included, back to inputs, constants and values of
// `boundary`, whose producers are not looked at.
std::unordered_set<const Node*> nodes_needed(const Graph& graph, const std::vector<Value*>& values,
                                             const std::unordered_set<const Value*>& boundary = {});

// Removes all other nodes of the graph, its inputs that nothing reads any more, and constants that
// nothing reads any more.
Dropped drop_unneeded(Graph& graph, const std::unordered_set<const Node*>& needed);

}  // namespace acuate
