#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "graph/model.h"

namespace acuate {

// node_path and value_path for many nodes of a model that does not change: linear in all instead of
// each.
class ElementPaths {
 public:
  std::string of(const Node& node);
  std::string of(const Value& value);

 private:
  struct GraphNames {
    std::string prefix;
    std::unordered_set<std::string_view> shared;  // by more than one node
  };
  const GraphNames& names_of(const Graph& graph);

  std::unordered_map<const Graph*, GraphNames> graphs_;
};

}  // namespace acuate
