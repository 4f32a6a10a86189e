#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "graph/graph.h"

namespace acuate {

inline constexpr uint32_t kNoIndex = 0xFFFFFFFF;

// Lists of different lengths one behind the other.
template <class T>
struct Rows {
  std::vector<uint32_t> ends{0};
  std::vector<T> items;

  std::span<const T> operator[](size_t row) const {
    return std::span(items).subspan(ends[row], ends[row + 1] - ends[row]);
  }
  void end_row() { ends.push_back(static_cast<uint32_t>(items.size())); }
};

// A graph as arrays, for algorithms that visit all of it many times. Nodes and values are called by
// index; kNoIndex is one that is not there. What the bodies of a node read from outside of them
// counts as read by the node. Refers to the graph, which must not change meanwhile. Linear.
struct GraphView {
  struct ValueUse {
    uint32_t node = 0;
    uint32_t slot = 0;
  };

  explicit GraphView(const Graph& graph);

  const Graph* graph;
  std::vector<const Node*> nodes;    // in stored order
  std::vector<const Value*> values;  // the graph's own, then those read from around it
  uint32_t own_values = 0;
  Rows<uint32_t> operands;               // by node: its inputs, then what its bodies capture
  std::vector<uint32_t> input_counts;    // by node: how many operands are inputs
  Rows<uint32_t> outputs;                // by node
  Rows<ValueUse> uses;                   // by value, in stored order of the users
  std::vector<uint32_t> producers;       // by value
  std::vector<uint32_t> producer_slots;  // by value
  // Producers before users; nodes on a cycle and behind one come last, in stored order.
  std::vector<uint32_t> order;

  uint32_t index_of(const Value* value) const;

 private:
  uint32_t add(const Value* value);
  void add_captured(const Node& node);
  void collect_uses();
  void sort();

  std::unordered_map<const Value*, uint32_t> index_;
};

}  // namespace acuate
