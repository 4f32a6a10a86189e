#include "rewrite/surgery.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace acuate {
namespace {
constexpr std::string_view kOriginsKey = "acuate.origins";
}

std::optional<std::string> bypass(Node& node, Value& source) {
  Graph& graph = node.graph();
  Value& output = *node.output();
  const bool visible = output.is_output();
  if (visible && (source.graph != &graph || source.is_input || source.initializer || source.is_output()))
    return "graph output '" + to_valid_utf8(output.name) + "' would become an input, a constant or another output";
  const std::string name(output.name);
  graph.remove_node(node);
  graph.replace_uses(output, source);
  if (visible) {
    graph.remove_value(output);
    graph.rename(source, name);
    graph.set_type(source, source.type);
  }
  return std::nullopt;
}

std::vector<std::string> origins(const Node& node) {
  const std::string_view text = node.metadata(kOriginsKey);
  if (!text.empty()) {
    const auto list = nlohmann::json::parse(text, nullptr, false);
    if (list.is_array() && std::all_of(list.begin(), list.end(), [](const auto& item) { return item.is_string(); }))
      return list.get<std::vector<std::string>>();
  }
  return {node.address()};
}

std::vector<std::string> merged_origins(const Node& into, const Node& from) {
  std::vector<std::string> all = origins(into);
  for (const std::string& name : origins(from))
    if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
  return all;
}

void set_origins(Node& node, const std::vector<std::string>& names) {
  node.set_metadata(kOriginsKey, nlohmann::json(names).dump());
}

std::optional<Tensor> float_constant(const Value* value) {
  if (value == nullptr || !value->is_constant() || value->initializer->type != ElementType::Float) return std::nullopt;
  auto tensor = value->graph->model().load(*value->initializer);
  if (!tensor) return std::nullopt;
  return std::move(*tensor);
}

}  // namespace acuate
