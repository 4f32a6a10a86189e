#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// How edit scripts, findings and reports name a node: `name`, or `@output` where it has none or
// shares it, behind the nodes and attributes that hold its graph: `loop::body::inner`. A list of
// bodies has an index: `branches[1]`. A local function stands in front as `function:domain:name::`,
// with `:overload` behind the name where it has one. In a model that is not valid, `y#2` is the
// second definition of `y`, and `@#3` the third node where it has neither name nor output.
std::string node_path(const Node& node);
// `value`, or `loop::body::value` for one of a body.
std::string value_path(const Value& value);

// What stands before the names of the graph's nodes and values; empty for the main graph.
std::string graph_prefix(const Graph& graph);

// The node or value at such a path in the main graph, a function or a control-flow body. A name
// that itself contains `::` goes before a path. Errors suggest the closest name there is.
Result<Node*> resolve_node(Model& model, std::string_view path);
Result<Value*> resolve_value(Model& model, std::string_view path);

// Where a value of such a path belongs that is not there yet: the graph that the path leads to and
// what is left of it. A text that leads nowhere is a name in the main graph.
struct Place {
  Graph* graph = nullptr;
  std::string name;
};
Place place_of_new(Model& model, std::string_view path);

}  // namespace acuate
