#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// One thing that differs; empty `before`: added, empty `after`: removed.
struct FieldChange {
  std::string what;  // `opset ai.onnx`, `attribute axis`, `output y`
  std::string before;
  std::string after;
};

struct NodeSummary {
  std::string path;  // as node_path writes it
  std::string op_type;
};

struct NodeChange {
  std::string path;        // in the first model
  std::string path_after;  // in the second; the same unless the node was renamed
  std::string op_type;     // in the first model
  std::vector<FieldChange> changes;
};

struct WeightChange {
  std::string path;
  std::string before;  // `float32 64x3x7x7`
  std::string after;
  uint64_t differing = 0;  // elements, where type and shape are the same
  std::optional<double>
      max_abs_difference;  // nothing: not comparable, or a NaN stands on one side only
  std::string reason;      // why there is none
};

struct ModelDiff {
  std::vector<FieldChange> model;  // opset, IR version, producer, metadata, functions
  std::vector<FieldChange>
      interface;  // inputs and outputs with their types, and the order of outputs
  std::vector<FieldChange> renamed_values;
  std::vector<NodeSummary> nodes_added;
  std::vector<NodeSummary> nodes_removed;
  std::vector<NodeChange> nodes_changed;
  std::vector<WeightChange> weights_changed;
  std::vector<FieldChange> weights_added_or_removed;

  bool empty() const;
};

// What `b` has otherwise than `a`, bodies of control flow and functions included. Nodes are matched
// by name, then by first output, then by operator and matched neighbours, so that a rename is told
// as one. Not compared: doc strings, the order of nodes, inferred types of inner values. Weights
// are loaded one at a time. Deterministic. Errors: weights that cannot be read.
Result<ModelDiff> diff_models(const Model& a, const Model& b);

// For a terminal; `no differences` when empty.
std::string to_text(const ModelDiff& diff);
// A JSON object whose keys are the members above; a number that is missing is null with its reason.
std::string to_json(const ModelDiff& diff);

}  // namespace acuate
