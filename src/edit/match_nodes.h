#pragma once

#include <utility>
#include <vector>

#include "edit/graph_keys.h"

namespace acuate {

// What is known of two graphs before their nodes are matched, by index: values that are the same
// (inputs, and what bodies read from around them), and places of the output lists.
struct KnownPairs {
  std::vector<std::pair<uint32_t, uint32_t>> values;
  std::vector<std::pair<uint32_t, uint32_t>> outputs;
};

// Which node and value of one graph is which of another; kNoIndex: none.
struct IndexMatch {
  std::vector<uint32_t> nodes;   // by node of the first graph
  std::vector<uint32_t> values;  // by value of the first graph
};

// Names are believed where that leaves less to tell than going by structure alone: they are for a
// model that was edited, and not for one that was exported twice with other counters. Structure
// goes from what surely is the same (whole contexts that occur once) outward along the edges, first
// between nodes that are equal with their weights, then between such as have weights of the same
// shapes, then between the same operators. Deterministic; n·log(n) in nodes and edges.
IndexMatch match_nodes(const GraphKeys& a, const GraphKeys& b, const KnownPairs& known);

}  // namespace acuate
