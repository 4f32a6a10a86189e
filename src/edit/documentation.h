#pragma once

#include <string_view>

#include "graph/model.h"

namespace acuate {

// The doc_string of a model, of a graph or function, of a node (onnx.proto3); empty where there is
// none.
std::string_view documentation(const Model& model);
std::string_view documentation(const Graph& graph);
std::string_view documentation(const Node& node);

// An empty text takes it away.
void set_documentation(Model& model, std::string_view text);
void set_documentation(Node& node, std::string_view text);

}  // namespace acuate
