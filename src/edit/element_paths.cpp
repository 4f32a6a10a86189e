#include "edit/element_paths.h"

#include <algorithm>

#include "base/text.h"
#include "edit/address.h"

namespace acuate {

std::string ElementPaths::of(const Node& node) {
  const GraphNames& names = names_of(node.graph());
  if (!node.name().empty() && names.shared.count(node.name()) == 0)
    return names.prefix + to_valid_utf8(node.name());
  for (const Value* output : node.outputs())
    if (output != nullptr) return names.prefix + "@" + to_valid_utf8(output->name);
  return names.prefix + "@";
}

std::string ElementPaths::of(const Value& value) {
  const std::string name = to_valid_utf8(value.name);
  return value.graph ? names_of(*value.graph).prefix + name : name;
}

const ElementPaths::GraphNames& ElementPaths::names_of(const Graph& graph) {
  const auto [place, is_new] = graphs_.try_emplace(&graph);
  if (!is_new) return place->second;
  GraphNames& names = place->second;
  std::unordered_set<std::string_view> seen;
  for (const Node* node = graph.first(); node != nullptr; node = node->next())
    if (!seen.insert(node->name()).second) names.shared.insert(node->name());
  // Any value tells what stands before the names of a graph.
  const auto values = graph.values();
  if (!values.empty()) {
    names.prefix = value_path(*values[0]);
    names.prefix.resize(names.prefix.size() - to_valid_utf8(values[0]->name).size());
  }
  return names;
}

}  // namespace acuate
