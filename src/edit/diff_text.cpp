#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "edit/diff.h"

namespace acuate {
namespace {

std::string line(const FieldChange& change) {
  if (change.before.empty()) return fmt::format("+ {}: {}", change.what, change.after);
  if (change.after.empty()) return fmt::format("- {}: {}", change.what, change.before);
  return fmt::format("~ {}: {} → {}", change.what, change.before, change.after);
}

std::string line(const WeightChange& change) {
  if (change.before != change.after)
    return fmt::format("~ {}: {} → {}", change.path, change.before, change.after);
  const std::string largest = change.max_abs_difference ? fmt::format("largest difference {:.6g}",
                                                                      *change.max_abs_difference)
                                                        : change.reason;
  return fmt::format("~ {}: {}, {} elements differ, {}", change.path, change.before,
                     change.differing, largest);
}

void append_section(std::string& out, std::string_view title,
                    const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  out += fmt::format("{}\n", title);
  for (const std::string& text : lines) out += fmt::format("  {}\n", text);
}

template <class List>
std::vector<std::string> lines_of(const List& list) {
  std::vector<std::string> out;
  for (const auto& each : list) out.push_back(line(each));
  return out;
}

using Json = nlohmann::ordered_json;

Json to_value(const FieldChange& change) {
  return {{"what", change.what}, {"before", change.before}, {"after", change.after}};
}

Json to_value(const NodeSummary& node) { return {{"node", node.path}, {"op_type", node.op_type}}; }

Json to_value(const WeightChange& change) {
  Json out{{"weight", change.path},
           {"before", change.before},
           {"after", change.after},
           {"differing", change.differing}};
  if (change.max_abs_difference) {
    out["max_abs_difference"] = *change.max_abs_difference;
  } else {
    out["max_abs_difference"] = nullptr;
    out["reason"] = change.reason;
  }
  return out;
}

template <class List>
Json to_array(const List& list) {
  Json out = Json::array();
  for (const auto& each : list) out.push_back(to_value(each));
  return out;
}

}  // namespace

std::string to_text(const ModelDiff& diff) {
  if (diff.empty()) return "no differences\n";
  std::string out;
  append_section(out, "model", lines_of(diff.model));
  append_section(out, "inputs and outputs", lines_of(diff.interface));
  append_section(out, "values renamed", lines_of(diff.renamed_values));
  std::vector<std::string> nodes;
  for (const NodeSummary& node : diff.nodes_removed)
    nodes.push_back(fmt::format("- {} ({})", node.path, node.op_type));
  for (const NodeSummary& node : diff.nodes_added)
    nodes.push_back(fmt::format("+ {} ({})", node.path, node.op_type));
  for (const NodeChange& node : diff.nodes_changed) {
    nodes.push_back(fmt::format("~ {} ({})", node.path, node.op_type));
    for (const FieldChange& change : node.changes) nodes.push_back("    " + line(change));
  }
  append_section(out, "nodes", nodes);
  std::vector<std::string> weights = lines_of(diff.weights_added_or_removed);
  for (const WeightChange& change : diff.weights_changed) weights.push_back(line(change));
  append_section(out, "weights", weights);
  return out;
}

std::string to_json(const ModelDiff& diff) {
  Json changed = Json::array();
  for (const NodeChange& node : diff.nodes_changed)
    changed.push_back({{"node", node.path},
                       {"node_after", node.path_after},
                       {"op_type", node.op_type},
                       {"changes", to_array(node.changes)}});
  const Json out{{"empty", diff.empty()},
                 {"model", to_array(diff.model)},
                 {"interface", to_array(diff.interface)},
                 {"renamed_values", to_array(diff.renamed_values)},
                 {"nodes_added", to_array(diff.nodes_added)},
                 {"nodes_removed", to_array(diff.nodes_removed)},
                 {"nodes_changed", changed},
                 {"weights_added_or_removed", to_array(diff.weights_added_or_removed)},
                 {"weights_changed", to_array(diff.weights_changed)}};
  return out.dump(2);
}

}  // namespace acuate
