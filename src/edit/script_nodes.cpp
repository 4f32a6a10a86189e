// What a ScriptWriter does graph by graph.
#include <algorithm>

#include <fmt/format.h>

#include "edit/address.h"
#include "edit/compare_tensors.h"
#include "edit/documentation.h"
#include "edit/graph_keys.h"
#include "edit/script_writer.h"
#include "edit/type_text.h"

namespace acuate {
namespace {

std::string path(const Value* value) { return value ? value_path(*value) : ""; }

// Whether both hold the same weight, whatever their names.
bool is_same_weight(const Model& a, const TensorRef& x, const Model& b, const TensorRef& y) {
  if (x.type != y.type || x.shape != y.shape) return false;
  const TensorDifference difference = compare_weights(a, x, b, y);
  return difference.differing == 0 && difference.reason.empty();
}

}  // namespace

std::string ScriptWriter::free_name(const Graph& graph) {
  std::string name;
  do name = fmt::format("diff~{}", ++temporaries_);
  while (graph.resolve(name) != nullptr);
  return name;
}

// Whatever stands in the way of a name, or goes while its name is needed, gets another first.
void ScriptWriter::rename(const Graph& a, const Graph& b) {
  Graph& graph = *graphs_.at(&a);
  for (const Value* value : a.values()) {
    Value* mine = values_.at(value);
    const auto wanted = wanted_names_.find(mine);
    if (wanted == wanted_names_.end()) {
      if (b.find(mine->name) != nullptr) issue("rename-value", {path(mine), free_name(graph)});
      continue;
    }
    if (mine->name == wanted->second) continue;
    if (Value* other = graph.find(wanted->second))
      issue("rename-value", {path(other), free_name(graph)});
    issue("rename-value", {path(mine), std::string(wanted->second)});
  }
  std::unordered_set<std::string_view> needed;
  for (const Node* node = b.first(); node != nullptr; node = node->next())
    needed.insert(node->name());
  for (Node* node = graph.first(); node != nullptr; node = node->next())
    if (staying_.count(node) == 0 && !node->name().empty() && needed.count(node->name()) != 0)
      issue("rename-node", {node_path(*node), free_name(graph)});
  for (const Node* node = b.first(); node != nullptr; node = node->next()) {
    const auto kept = kept_nodes_.find(node);
    if (kept == kept_nodes_.end() || kept->second->name() == node->name()) continue;
    if (!node->name().empty())
      for (const Node* other : graph.nodes_called(node->name()))
        issue("rename-node", {node_path(*other), free_name(graph)});
    issue("rename-node", {node_path(*kept->second), std::string(node->name())});
  }
}

void ScriptWriter::add_inputs(const Graph& b) {
  for (const Value* input : b.inputs()) {
    if (kept_values_.count(input) != 0) continue;
    if (issue("add-input", {std::string(input->name), type_word(input->type)}))
      found_value(*graph_of_.at(&b), input);
  }
}

void ScriptWriter::found_value(const Graph& graph, const Value* value) {
  if (Value* mine = graph.find(value->name)) kept_values_.emplace(value, mine);
}

void ScriptWriter::add_constants(const Graph& b) {
  Graph& graph = *graph_of_.at(&b);
  const std::string prefix = graph_prefix(graph);
  for (const Value* value : b.values()) {
    if (!value->initializer) continue;
    const auto kept = kept_values_.find(value);
    if (kept != kept_values_.end() && kept->second->initializer) {
      set_constant(*kept->second, *value);
      continue;
    }
    const auto text = word(words_.tensor(*value->initializer));
    if (text && issue("add-initializer", {prefix + std::string(value->name), *text}))
      found_value(graph, value);
  }
}

void ScriptWriter::set_constant(const Value& mine, const Value& other) {
  if (is_same_weight(a_, *mine.initializer, b_, *other.initializer)) return;
  if (const auto text = word(words_.tensor(*other.initializer)))
    issue("set-initializer", {path(&mine), *text});
}

void ScriptWriter::add_nodes(const Graph& b) {
  const GraphView view(b);
  for (const uint32_t index : view.order) {
    const Node& node = *view.nodes[index];
    if (kept_nodes_.count(&node) == 0)
      add_node(*graph_of_.at(&b), node);
    else
      add_outputs_of(node);
  }
}

// Those that the node of the first model has not.
void ScriptWriter::add_outputs_of(const Node& node) {
  Node& mine = *kept_nodes_.at(&node);
  for (size_t slot = 0; slot < node.outputs().size(); ++slot) {
    const Value* output = node.output(slot);
    if (output == nullptr || kept_values_.count(output) != 0) continue;
    if (issue("set-output", {node_path(mine), std::to_string(slot), std::string(output->name)}))
      found_value(mine.graph(), output);
  }
}

void ScriptWriter::add_node(Graph& graph, const Node& node) {
  const std::string prefix = graph_prefix(graph);
  std::vector<std::string> arguments{
      (node.domain().empty() ? "" : std::string(node.domain()) + ".") +
      std::string(node.op_type())};
  for (size_t slot = 0; slot < node.input_count(); ++slot) {
    const auto mine = kept_values_.find(node.input(slot));
    if (node.input(slot) != nullptr && mine == kept_values_.end()) return;
    arguments.push_back(node.input(slot) ? path(mine->second) : "");
  }
  arguments.emplace_back("->");
  for (const Value* output : node.outputs())
    arguments.push_back(output ? prefix + std::string(output->name) : "");
  for (const Attribute& attribute : node.attributes()) {
    const auto text = word(words_.attribute(attribute));
    if (!text) return;
    arguments.push_back(fmt::format("{}={}", attribute.name, *text));
  }
  if (!node.name().empty()) {
    arguments.emplace_back("--name");
    arguments.emplace_back(node.name());
  }
  if (!issue("add-node", arguments)) return;
  Node* added = graph.last();
  for (const Value* output : node.outputs())
    if (output != nullptr) {
      found_value(graph, output);
      added = graph.find(output->name)->producer;
    }
  describe(*added, node);
}

// In the order of the second model, in which the producers of what a node reads are as they will be
// when its turn comes: no command on the way makes a cycle.
void ScriptWriter::change_nodes(const Graph& b) {
  const GraphView view(b);
  for (const uint32_t index : view.order) {
    const Node& node = *view.nodes[index];
    const auto kept = kept_nodes_.find(&node);
    if (kept != kept_nodes_.end()) change_node(*kept->second, node);
  }
}

void ScriptWriter::change_node(Node& mine, const Node& other) {
  for (const Attribute& attribute : other.attributes())
    for (const auto& body : attribute.graphs)
      if (graph_of_.count(body.get()) != 0) change_nodes(*body);
  for (size_t slot = 0; slot < std::max(mine.input_count(), other.input_count()); ++slot) {
    const Value* wanted = other.input(slot);
    const auto kept = kept_values_.find(wanted);
    if (wanted != nullptr && kept == kept_values_.end()) continue;
    const Value* value = wanted ? kept->second : nullptr;
    if (mine.input(slot) != value)
      issue("set-input", {node_path(mine), std::to_string(slot), path(value)});
  }
  change_attributes(mine, other);
  describe(mine, other);
}

bool ScriptWriter::is_same_attribute(const Attribute& mine, const Attribute& other) {
  if (!other.graphs.empty())
    return mine.graphs.size() == other.graphs.size() &&
           std::ranges::all_of(other.graphs, [&](const auto& body) {
             return graph_of_.count(body.get()) != 0;  // its nodes are edited one by one
           });
  if (is_equal_attribute(mine, other)) return true;
  if (!mine.as_tensor() || !other.as_tensor()) return false;
  const auto x = parse_tensor(*mine.as_tensor(), a_.folder());
  const auto y = parse_tensor(*other.as_tensor(), b_.folder());
  return x && y && is_same_weight(a_, *x, b_, *y);
}

void ScriptWriter::change_attributes(Node& mine, const Node& other) {
  std::vector<std::string> gone;
  for (const Attribute& attribute : mine.attributes())
    if (other.attribute(attribute.name) == nullptr) gone.emplace_back(attribute.name);
  for (const Attribute& attribute : other.attributes()) {
    const Attribute* old = mine.attribute(attribute.name);
    if (old != nullptr && is_same_attribute(*old, attribute)) continue;
    if (const auto text = word(words_.attribute(attribute)))
      issue("set-attr", {node_path(mine), std::string(attribute.name), *text});
  }
  for (const std::string& name : gone) issue("remove-attr", {node_path(mine), name});
}

// Metadata and documentation.
void ScriptWriter::describe(Node& mine, const Node& other) {
  for (const auto& [key, value] : other.metadata())
    if (mine.metadata(key) != value)
      issue("set-metadata", {std::string(key), std::string(value), node_path(mine)});
  const auto old = mine.metadata();
  for (const auto& [key, value] : old)
    if (std::ranges::none_of(other.metadata(),
                             [&, k = key](const auto& e) { return e.first == k; }))
      issue("remove-metadata", {std::string(key), node_path(mine)});
  if (documentation(mine) != documentation(other))
    issue("set-doc", {std::string(documentation(other)), node_path(mine)});
}

// Outputs are taken out and put in again from the first that stands elsewhere.
void ScriptWriter::set_outputs(const Graph& b) {
  Graph& graph = *graph_of_.at(&b);
  std::vector<Value*> wanted;
  for (const Value* output : b.outputs()) {
    const auto kept = kept_values_.find(output);
    if (kept == kept_values_.end()) return;
    wanted.push_back(kept->second);
  }
  if (graph.outputs() == wanted) return;
  const auto add = [&](Value* output, const Value& from) {
    std::vector<std::string> arguments{path(output)};
    if (&graph == &edit_.model().graph() && from.type.kind != ValueType::Kind::Unknown)
      arguments.push_back(type_word(from.type));
    return issue("add-output", arguments) ||
           (arguments.size() == 2 && issue("add-output", {path(output)}));
  };
  for (size_t i = 0; i < wanted.size(); ++i)
    if (!wanted[i]->is_output()) add(wanted[i], *b.outputs()[i]);
  const std::unordered_set<const Value*> staying(wanted.begin(), wanted.end());
  for (Value* output : std::vector<Value*>(graph.outputs()))
    if (staying.count(output) == 0) issue("remove-output", {path(output)});
  if (graph.outputs() == wanted || wanted.size() < 2) return;
  const auto mine = graph.outputs();
  size_t first = 0;
  while (first < std::min(mine.size(), wanted.size()) && mine[first] == wanted[first]) ++first;
  for (size_t i = first; i < wanted.size(); ++i)
    if (issue("remove-output", {path(wanted[i])})) add(wanted[i], *b.outputs()[i]);
}

// Users before producers; a command may have taken others along.
void ScriptWriter::remove(const Graph& a) {
  Graph& graph = *graphs_.at(&a);
  const GraphView view(a);
  for (auto place = view.order.rbegin(); place != view.order.rend(); ++place) {
    Node* mine = nodes_.at(view.nodes[*place]);
    if (mine->is_removed()) continue;
    const bool is_there =
        mine->outputs().empty() || std::ranges::any_of(mine->outputs(), [&](const Value* output) {
          return output != nullptr && output->producer == mine;
        });
    if (staying_.count(mine) == 0 && is_there) issue("delete-node", {node_path(*mine)});
  }
  for (const Node* node = a.first(); node != nullptr; node = node->next()) {
    Node* mine = nodes_.at(node);
    if (staying_.count(mine) == 0) continue;
    for (size_t slot = mine->outputs().size(); slot-- > 0;)
      if (const Value* output = mine->output(slot);
          output && output->is_unused() && match_.of(node)->output(slot) == nullptr)
        issue("set-output", {node_path(*mine), std::to_string(slot), ""});
  }
  for (const Value* value : a.values()) {
    Value* mine = values_.at(value);
    if (wanted_names_.count(mine) != 0 || graph.find(mine->name) != mine) continue;
    if (mine->initializer && !mine->is_input)
      issue("remove-initializer", {path(mine)});
    else if (mine->is_input && &graph == &edit_.model().graph())
      issue("remove-input", {path(mine)});
  }
}

}  // namespace acuate
