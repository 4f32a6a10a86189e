#include "edit/address.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "base/text.h"

namespace acuate {
namespace {

constexpr std::string_view kSeparator = "::";

std::string function_prefix(const Function& function) {
  return to_valid_utf8(fmt::format(
      "function:{}:{}{}{}{}", function.domain.empty() ? "ai.onnx" : function.domain, function.name,
      function.overload.empty() ? "" : ":", function.overload, kSeparator));
}

// Names that are not UTF-8 are shown with U+FFFD; what was shown is accepted, too.
bool is_called(std::string_view name, std::string_view text) {
  return name == text || (!name.empty() && to_valid_utf8(name) == text);
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

// `y#2`: the second definition of `y`, which nothing uses. One that is the only one has no number.
std::string value_name(const Value& value) {
  const std::string name = to_valid_utf8(value.name);
  if (value.graph == nullptr || value.graph->find(value.name) == &value) return name;
  const auto all = value.graph->definitions(value.name);
  return fmt::format("{}#{}", name, std::find(all.begin(), all.end(), &value) - all.begin() + 1);
}

// The number behind the last `#`.
std::optional<size_t> take_number(std::string_view& text) {
  const size_t mark = text.rfind('#');
  const auto number = mark == text.npos ? std::nullopt : parse_int(text.substr(mark + 1));
  if (!number || *number < 1) return std::nullopt;
  text = text.substr(0, mark);
  return static_cast<size_t>(*number);
}

Value* value_called(const Graph& graph, std::string_view text) {
  if (Value* value = graph.find(text)) return value;
  if (std::string_view name = text; const auto number = take_number(name)) {
    const auto all = graph.definitions(name);
    if (*number <= all.size() && *number > 1) return all[*number - 1];
  }
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
  std::vector<Node*> found = graph.nodes_called(text);
  if (!found.empty()) return found;
  if (text.find("\xEF\xBF\xBD") != std::string_view::npos)
    for (Node* node = graph.first(); node != nullptr; node = node->next())
      if (is_called(node->name(), text)) found.push_back(node);
  // The place in the graph, of a node that has neither name nor output.
  if (std::string_view at = text; text.starts_with("@#"))
    if (auto number = take_number(at); number && *number <= graph.node_count()) {
      Node* node = graph.first();
      while (--*number > 0) node = node->next();
      found.push_back(node);
    }
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

template <class Found>
Found follow(const Model& model, std::string_view path,
             const std::function<Found(const Graph&, std::string_view)>& here) {
  if (Found found = follow(model.graph(), path, here); found != Found{}) return found;
  if (!path.starts_with("function:")) return {};
  for (const Function& function : model.functions())
    if (const std::string prefix = function_prefix(function); path.starts_with(prefix))
      if (Found found = follow(*function.body, path.substr(prefix.size()), here); found != Found{})
        return found;
  return {};
}

std::string suggestion(std::string_view text, const std::vector<std::string>& candidates) {
  const auto close = closest_match(text, candidates);
  return close ? fmt::format("; did you mean '{}'?", *close) : "";
}

std::string output_address(const Node& node) {
  for (const Value* output : node.outputs())
    if (output != nullptr) return "@" + value_name(*output);
  size_t place = 1;
  for (const Node* each = node.previous(); each != nullptr; each = each->previous()) ++place;
  return fmt::format("@#{}", place);
}

}  // namespace

std::string graph_prefix(const Graph& graph) {
  if (graph.function() != nullptr) return function_prefix(*graph.function());
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

std::string node_path(const Node& node) {
  const bool by_name = !node.name().empty() && node.graph().nodes_called(node.name()).size() == 1;
  return graph_prefix(node.graph()) + (by_name ? to_valid_utf8(node.name()) : output_address(node));
}

std::string value_path(const Value& value) {
  const std::string prefix = value.graph ? graph_prefix(*value.graph) : "";
  return prefix + value_name(value);
}

Place place_of_new(Model& model, std::string_view path) {
  Graph* graph = &model.graph();
  if (path.starts_with("function:"))
    for (const Function& function : model.functions())
      if (const std::string prefix = function_prefix(function); path.starts_with(prefix)) {
        graph = function.body.get();
        path.remove_prefix(prefix.size());
        break;
      }
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

Result<Node*> resolve_node(Model& model, std::string_view path) {
  const auto found = follow<std::vector<Node*>>(model, path, nodes_called);
  if (found.size() == 1) return found[0];
  if (found.size() > 1) {
    std::vector<std::string> addresses;
    for (const Node* node : found) addresses.push_back(output_address(*node));
    return fail("{} nodes are called '{}'; say which by its output: {}", found.size(),
                to_valid_utf8(path), join(addresses, " or "));
  }
  std::vector<std::string> candidates;
  for (const Graph* graph : model.all_graphs()) {
    const std::string prefix = graph_prefix(*graph);
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      candidates.push_back(prefix + node->address());
  }
  // The output of a node, written without `@`, is a likely slip.
  if (const Value* value = follow<Value*>(model, path, value_called);
      value != nullptr && value->producer != nullptr)
    return fail("there is no node '{}', but a value of that name; its producer is '{}'",
                to_valid_utf8(path), node_path(*value->producer));
  return fail("there is no node '{}'{}", to_valid_utf8(path), suggestion(path, candidates));
}

Result<Value*> resolve_value(Model& model, std::string_view path) {
  if (Value* found = follow<Value*>(model, path, value_called)) return found;
  std::vector<std::string> candidates;
  for (const Graph* graph : model.all_graphs()) {
    const std::string prefix = graph_prefix(*graph);
    for (const Value* value : graph->values())
      candidates.push_back(prefix + to_valid_utf8(value->name));
  }
  return fail("there is no value '{}'{}", to_valid_utf8(path), suggestion(path, candidates));
}

}  // namespace acuate
