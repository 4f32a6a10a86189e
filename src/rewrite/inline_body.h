#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "graph/splice.h"
#include "rewrite/pass.h"

namespace acuate {

// The one body that the attribute holds; null where it holds none.
const Graph* body_of(const Node& node, std::string_view attribute);

// For a copy within the model: what the body and the bodies in it read from outside stands for
// itself.
void map_outer_values(const Graph& body, Splice& splice);

// Copies bodies of control flow into the graphs that hold their nodes. Names stay unique in the
// whole model, bodies included: what is a body's own in one place would hide what the other reads.
class BodyInliner {
 public:
  explicit BodyInliner(Model& model) : model_(model) {}

  // A value of a name that no graph has.
  Value* add_value(Graph& graph, std::string_view stem) { return graph.add_value(free_name(stem)); }

  // Copies what the body holds in front of its node; `inputs`, one for each input of the body, are
  // what it reads. Returns what stands for the body's outputs. Errors: sparse initializers.
  Result<std::vector<Value*>> copy(Node& holder, const Graph& body, std::span<Value* const> inputs);

 private:
  std::string free_name(std::string_view name);

  Model& model_;
  std::unordered_set<std::string> names_, node_names_;  // filled when the first is asked for
};

// Values that can stand for a node's outputs, its body copied in front of it where that needs one;
// empty where the node must stay. Errors: why it stays although it looked as if it could go.
using InlineBody = std::function<Result<std::vector<Value*>>(Node& node, BodyInliner& inliner)>;

// Puts such values in place of the nodes of one operator, wherever they stand; what only those
// nodes read goes too. Graph outputs keep their names.
PassOutcome inline_bodies(Model& model, std::string_view op_type, const InlineBody& inline_body);

}  // namespace acuate
