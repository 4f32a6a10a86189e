#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "graph/model.h"

namespace acuate {

// Which node and value of one model is which of another.
struct ModelMatch {
  struct Graphs {
    const Graph* a = nullptr;
    const Graph* b = nullptr;
  };
  std::unordered_map<const Node*, const Node*> nodes;
  std::unordered_map<const Value*, const Value*> values;
  // The main graphs, functions of the same name, and bodies of matched nodes, each after the graph
  // that holds it.
  std::vector<Graphs> graphs;

  const Node* of(const Node* node) const;
  const Value* of(const Value* value) const;
};

// Renames of nodes, weights and inner values do not hinder it. Inputs and outputs of the main graph
// go by name, those whose name is gone by type and order; those of bodies and functions by place.
// Reads small weights and samples of large ones.
ModelMatch match_models(const Model& a, const Model& b);

// `domain.name`, with `:overload` behind it where there is one.
std::string function_key(const Function& function);
std::string function_key(const Node& node);  // of the function that it calls, if it calls one

}  // namespace acuate
