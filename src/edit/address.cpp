#include "edit/address.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "base/text.h"

namespace acuate {
namespace {

constexpr std::string_view kSeparator = "::";

// Names that are not UTF-8 are shown with U+FFFD; what was shown is accepted, too.
bool is_called(std::string_view name, std::string_view text) {
  return name == text || (!name.empty() && to_valid_utf8(name) == text);
}

// Empty for the main graph, else `node::attribute::`.
std::string graph_prefix(const Graph& graph) {
  const Node* owner = graph.owner();
  if (owner == nullptr) return {};
  for (const Attribute& attribute : owner->attributes())
    for (size_t i = 0; i < attribute.graphs.size(); ++i) {
      if (attribute.graphs[i].get() != &graph) continue;
      const std::string index = attribute.graphs.size() > 1 ? fmt::format("[{}]", i) : "";
      return fmt::format("{}::{}{}::", node_path(*owner), to_valid_utf8(attribute.name), index);
    }
  return {};
}

Graph* body_called(const Node& node, std::string_view segment) {
  for (const Attribute& attribute : node.attributes())
    for (size_t i = 0; i < attribute.graphs.size(); ++i) {
      if (segment == fmt::format("{}[{}]", attribute.name, i)) return attribute.graphs[i].get();
      if (attribute.graphs.size() == 1 && segment == attribute.name)
        return attribute.graphs[0].get();
    }
  return nullptr;
}

Value* value_called(const Graph& graph, std::string_view text) {
  if (Value* value = graph.find(text)) return value;
  if (text.find("\xEF\xBF\xBD") == std::string_view::npos) return nullptr;
  for (Value* value : graph.values())
    if (is_called(value->name, text)) return value;
  return nullptr;
}

// The nodes of this graph that `text` can mean: by output, else by name.
std::vector<Node*> nodes_called(const Graph& graph, std::string_view text) {
  if (text.starts_with("@"))
    if (const Value* value = value_called(graph, text.substr(1)); value && value->producer)
      return {value->producer};
  std::vector<Node*> found;
  for (Node* node = graph.first(); node != nullptr; node = node->next())
    if (!text.empty() && is_called(node->name(), text)) found.push_back(node);
  return found;
}

// What stands at the end of a path: `here` looks in the graph that the path leads to. Separators
// inside names are tried as such first.
template <class Found>
Found follow(const Graph& graph, std::string_view path,
             const std::function<Found(const Graph&, std::string_view)>& here) {
  if (Found found = here(graph, path); found != Found{}) return found;
  for (size_t end = path.find(kSeparator); end != std::string_view::npos;
       end = path.find(kSeparator, end + 1)) {
    const size_t body_begin = end + kSeparator.size();
    const size_t body_end = path.find(kSeparator, body_begin);
    if (body_end == std::string_view::npos) break;
    const auto owners = nodes_called(graph, path.substr(0, end));
    if (owners.size() != 1) continue;
    const Graph* body = body_called(*owners[0], path.substr(body_begin, body_end - body_begin));
    if (body == nullptr) continue;
    if (Found found = follow(*body, path.substr(body_end + kSeparator.size()), here);
        found != Found{})
      return found;
  }
  return {};
}

std::string suggestion(std::string_view text, const std::vector<std::string>& candidates) {
  const auto close = closest_match(text, candidates);
  return close ? fmt::format("; did you mean '{}'?", *close) : "";
}

std::string output_address(const Node& node) {
  for (const Value* output : node.outputs())
    if (output != nullptr) return "@" + to_valid_utf8(output->name);
  return "@";
}

bool has_twin(const Node& node) {
  size_t same = 0;
  for (const Node* other = node.graph().first(); other != nullptr; other = other->next())
    same += other->name() == node.name() ? 1 : 0;
  return same > 1;
}

}  // namespace

std::string node_path(const Node& node) {
  const bool by_name = !node.name().empty() && !has_twin(node);
  return graph_prefix(node.graph()) + (by_name ? to_valid_utf8(node.name()) : output_address(node));
}

std::string value_path(const Value& value) {
  const std::string prefix = value.graph ? graph_prefix(*value.graph) : "";
  return prefix + to_valid_utf8(value.name);
}

Place place_of_new(Model& model, std::string_view path) {
  Graph* graph = &model.graph();
  for (size_t end = path.find(kSeparator); end != std::string_view::npos;) {
    const size_t body_begin = end + kSeparator.size();
    const size_t body_end = path.find(kSeparator, body_begin);
    if (body_end == std::string_view::npos) break;
    const auto owners = nodes_called(*graph, path.substr(0, end));
    Graph* body = owners.size() == 1
                      ? body_called(*owners[0], path.substr(body_begin, body_end - body_begin))
                      : nullptr;
    if (body == nullptr) {
      end = path.find(kSeparator, end + 1);
      continue;
    }
    graph = body;
    path = path.substr(body_end + kSeparator.size());
    end = path.find(kSeparator);
  }
  return {graph, std::string(path)};
}

std::vector<Graph*> editable_graphs(const Model& model) {
  std::vector<Graph*> out{const_cast<Graph*>(&model.graph())};
  for (size_t i = 0; i < out.size(); ++i)
    for (Node* node = out[i]->first(); node != nullptr; node = node->next())
      for (const Attribute& attribute : node->attributes())
        for (const auto& body : attribute.graphs) out.push_back(body.get());
  return out;
}

Result<Node*> resolve_node(Model& model, std::string_view path) {
  const auto found = follow<std::vector<Node*>>(model.graph(), path, nodes_called);
  if (found.size() == 1) return found[0];
  if (found.size() > 1) {
    std::vector<std::string> addresses;
    for (const Node* node : found) addresses.push_back(output_address(*node));
    return fail("{} nodes are called '{}'; say which by its output: {}", found.size(),
                to_valid_utf8(path), join(addresses, " or "));
  }
  std::vector<std::string> candidates;
  for (const Graph* graph : editable_graphs(model)) {
    const std::string prefix = graph_prefix(*graph);
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      candidates.push_back(prefix + node->address());
  }
  // The output of a node, written without `@`, is a likely slip.
  if (const Value* value = follow<Value*>(model.graph(), path, value_called);
      value != nullptr && value->producer != nullptr)
    return fail("there is no node '{}', but a value of that name; its producer is '{}'",
                to_valid_utf8(path), node_path(*value->producer));
  return fail("there is no node '{}'{}", to_valid_utf8(path), suggestion(path, candidates));
}

Result<Value*> resolve_value(Model& model, std::string_view path) {
  if (Value* found = follow<Value*>(model.graph(), path, value_called)) return found;
  std::vector<std::string> candidates;
  for (const Graph* graph : editable_graphs(model)) {
    const std::string prefix = graph_prefix(*graph);
    for (const Value* value : graph->values())
      candidates.push_back(prefix + to_valid_utf8(value->name));
  }
  return fail("there is no value '{}'{}", to_valid_utf8(path), suggestion(path, candidates));
}

}  // namespace acuate
