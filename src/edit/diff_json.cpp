#include <unordered_map>

#include <nlohmann/json.hpp>

#include "edit/diff.h"

namespace acuate {
namespace {

using Json = nlohmann::ordered_json;

Json to_value(const FieldChange& change) {
  return {{"what", change.what}, {"before", change.before}, {"after", change.after}};
}

Json to_value(const NodeSummary& node) {
  return {{"node", node.path}, {"op_type", node.op_type}, {"module", node.module}};
}

Json to_value(const Rename& rename) {
  return {{"before", rename.before}, {"after", rename.after}, {"module", rename.module}};
}

Json to_value(const WeightSummary& weight) {
  return {{"weight", weight.path}, {"type", weight.type}, {"module", weight.module}};
}

Json to_value(const TypeChange& type) {
  return {{"value", type.path},
          {"before", type.before},
          {"after", type.after},
          {"module", type.module},
          {"followers", type.followers}};
}

Json to_value(const WeightChange& change) {
  Json out{{"weight", change.path},
           {"before", change.before},
           {"after", change.after},
           {"module", change.module},
           {"differing", change.differing}};
  if (change.max_abs_difference) {
    out["max_abs_difference"] = *change.max_abs_difference;
  } else {
    out["max_abs_difference"] = nullptr;
    out["reason"] = change.reason;
  }
  return out;
}

Json to_value(const NodeChange& node);

template <class List>
Json to_array(const List& list) {
  Json out = Json::array();
  for (const auto& each : list) out.push_back(to_value(each));
  return out;
}

Json to_value(const NodeChange& node) {
  return {{"node", node.path},
          {"node_after", node.path_after},
          {"op_type", node.op_type},
          {"module", node.module},
          {"changes", to_array(node.changes)}};
}

// Modules with changes, in order of first appearance, and how many of each kind.
Json count_by_module(const Json& diff) {
  Json modules = Json::array();
  std::unordered_map<std::string, size_t> places;
  for (const auto& [key, list] : diff.items()) {
    if (!list.is_array()) continue;
    for (const Json& entry : list) {
      if (!entry.contains("module")) continue;
      const auto& path = entry["module"].get_ref<const std::string&>();
      const auto [place, is_new] = places.emplace(path, modules.size());
      if (is_new) modules.push_back({{"path", path}});
      Json& module = modules[place->second];
      module[key] = module.value(key, 0) + 1;
    }
  }
  return modules;
}

}  // namespace

std::string to_json(const ModelDiff& diff) {
  Json out{{"empty", diff.empty()},
           {"modules", Json::array()},
           {"model", to_array(diff.model)},
           {"interface", to_array(diff.interface)},
           {"nodes_added", to_array(diff.nodes_added)},
           {"nodes_removed", to_array(diff.nodes_removed)},
           {"nodes_changed", to_array(diff.nodes_changed)},
           {"nodes_renamed", to_array(diff.nodes_renamed)},
           {"values_renamed", to_array(diff.values_renamed)},
           {"weights_added", to_array(diff.weights_added)},
           {"weights_removed", to_array(diff.weights_removed)},
           {"weights_changed", to_array(diff.weights_changed)},
           {"weights_moved", to_array(diff.weights_moved)},
           {"types_changed", to_array(diff.types_changed)},
           {"types_following", diff.types_following}};
  out["modules"] = count_by_module(out);
  return out.dump(2);
}

}  // namespace acuate
