#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "edit/match_graphs.h"
#include "graph/model.h"

namespace acuate {

// One thing that differs; empty `before`: added, empty `after`: removed.
struct FieldChange {
  std::string what;  // `opset ai.onnx`, `attribute axis`, `output y`
  std::string before;
  std::string after;
};

// `module` of what follows is the path of the user's module, empty for the model itself: that of
// the second model for what was added, else of the first. Paths are as node_path writes them.

struct NodeSummary {
  std::string path;
  std::string op_type;
  std::string module;
};

struct NodeChange {
  std::string path;        // in the first model
  std::string path_after;  // in the second
  std::string op_type;     // in the first model
  std::string module;
  std::vector<FieldChange> changes;
};

struct Rename {
  std::string before;
  std::string after;
  std::string module;
};

struct WeightSummary {
  std::string path;
  std::string type;  // `float32 64x3x7x7`
  std::string module;
};

struct WeightChange {
  std::string path;
  std::string before;  // `float32 64x3x7x7`
  std::string after;
  std::string module;
  uint64_t differing = 0;  // elements, where type and shape are the same
  // Nothing: not comparable, or a NaN stands on one side only; `reason` says why.
  std::optional<double> max_abs_difference;
  std::string reason;
};

// A type that differs although the node reads the same types as before.
struct TypeChange {
  std::string path;    // of the value in the first model
  std::string before;  // `float32[1, 64, h, w]`
  std::string after;
  std::string module;
  size_t followers = 0;  // inner values whose types differ because of this one
};

struct ModelDiff {
  std::vector<FieldChange>
      model;  // opset, IR version, producer, documentation, metadata, functions
  std::vector<FieldChange> interface;  // inputs and outputs: names, types, order
  std::vector<NodeSummary> nodes_added;
  std::vector<NodeSummary> nodes_removed;
  std::vector<NodeChange> nodes_changed;
  std::vector<Rename> nodes_renamed;
  std::vector<Rename> values_renamed;  // weights and inner values
  std::vector<WeightSummary> weights_added;
  std::vector<WeightSummary> weights_removed;
  std::vector<WeightChange> weights_changed;
  std::vector<FieldChange> weights_moved;  // between a Constant node and an initializer
  std::vector<TypeChange> types_changed;   // of inner values
  size_t types_following = 0;  // that differ because of inputs, of nodes added or removed, or of
                               // `types_changed`

  bool empty() const;
};

struct DiffOptions {
  // Infers the types of all values; empty: declared types alone are compared.
  std::function<void(Model&)> infer;
};

// What `b` has otherwise than `a`, bodies of control flow and functions included; nodes and values
// are matched as match_models does. Inner values whose type only one of the models knows are not
// told. Not compared: documentation of values and attributes, names of graphs, the order of nodes
// and of attributes, fields that ONNX does not name. Weights are compared a block at a time.
// Deterministic.
ModelDiff diff_models(const Model& a, const Model& b, const DiffOptions& options = {});
ModelDiff diff_models(const Model& a, const Model& b, const ModelMatch& match,
                      const DiffOptions& options = {});

// For a terminal, a line each: what concerns the whole model, then module by module. `all` keeps
// long lists and values whole.
std::vector<std::string> to_lines(const ModelDiff& diff, bool all = false);
std::string to_text(const ModelDiff& diff);  // the same, each line with its end
// A JSON object: `empty`, `modules` with counts, and lists named as the members above.
std::string to_json(const ModelDiff& diff);

}  // namespace acuate
