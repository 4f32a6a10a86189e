#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "graph/model.h"

namespace acuate {

// The main graph as numbers: what partition computes on. Constants are no part of it, Constant
// nodes included: each piece has those that it reads. Refers to the graph, which stays as it is.
struct Dag {
  struct Tensor {
    const Value* value = nullptr;
    uint32_t producer = kOutside;
    std::vector<uint32_t> readers;  // each once, growing
    bool is_output = false;         // of the graph
  };
  static constexpr uint32_t kOutside = UINT32_MAX;  // an input of the graph

  std::vector<const Node*> nodes;            // producers before readers
  std::vector<Tensor> tensors;               // those that nodes read or make, and inputs
  std::vector<std::vector<uint32_t>> reads;  // of each node: tensors, bodies' reads included
  std::vector<std::vector<uint32_t>> makes;

  // Linear in nodes and operands. The graph is sorted (producers first), as simplification leaves
  // it.
  static Dag of(const Graph& graph);
};

}  // namespace acuate
