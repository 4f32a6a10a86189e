#pragma once

#include <string>
#include <unordered_map>

#include "graph/graph.h"

namespace acuate {

// What can be told of a network's parts where no name tells anything. The nodes that everything
// passes through (the dominators of the most layers) are the trunk; between two of them lies what
// branches and joins again. Trunks are cut where a sequence of operators comes again at once:
// `block0`, `block1`, …, with `stem` before the first, `transition<k>` between and `tail` after the
// last. Where layers follow that join several places of the trunk it is the `backbone`: each
// output's own layers are `head<k>`, the rest is the `neck`. Nodes of which this tells nothing are
// left out. O(n log n) in nodes; constants and what is computed of them alone are no nodes here.
std::unordered_map<const Node*, std::string> guess_blocks(const Graph& graph);

}  // namespace acuate
