#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "graph/tensor_ref.h"
#include "graph/value_type.h"

namespace acuate {

class Graph;
class Node;

struct Use {
  Node* node = nullptr;
  uint32_t slot = 0;
};

// A tensor of the network: produced by a node, an input, or an initializer.
class Value {
 public:
  std::string_view name;
  Graph* graph = nullptr;
  Node* producer = nullptr;
  uint32_t output_slot = 0;
  ValueType type;
  std::optional<TensorRef> initializer;
  bool is_input = false;
  bool is_sparse_initializer = false;
  uint32_t output_count = 0;  // how often it stands in the graph's outputs

  const std::vector<Use>& uses() const { return uses_; }
  bool is_output() const { return output_count > 0; }
  bool is_unused() const { return uses_.empty() && output_count == 0; }
  // An initializer that no caller can override (in IR version 3 initializers are inputs too).
  bool is_constant() const { return initializer.has_value() && !is_input; }
  bool is_defined() const {
    return producer != nullptr || is_input || initializer.has_value() || is_sparse_initializer;
  }

 private:
  friend class Node;
  friend class Graph;
  friend class GraphImporter;
  friend class ModelCloner;
  friend class Model;
  bool listed_initializer_ = false;
  bool noted_ = false;  // stands in the model's list of changes
  std::vector<Use> uses_;
};

}  // namespace acuate
