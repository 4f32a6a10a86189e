#include "edit/new_node.h"

#include <algorithm>

#include <fmt/format.h>
#include <onnx/defs/schema.h>

#include "base/text.h"
#include "edit/address.h"
#include "edit/attribute_argument.h"
#include "edit/new_value.h"
#include "edit/sweep.h"
#include "edit/tensor_argument.h"
#include "onnx_io/authority.h"

namespace acuate {
namespace {

bool is_flag(const Token& token) { return !token.quoted && token.text.starts_with("--"); }

// `pads=[1, 1]` begins with a name, an output may hold `=` in quotes only.
bool is_attribute(const Token& token) {
  const size_t equals = token.text.find('=');
  return !token.quoted && equals != std::string::npos && equals > 0;
}

// `Conv`, `com.microsoft.Gelu`: the domain ends at the last dot, unless the model has a function
// whose name holds dots itself.
void split_operator(const Model& model, const std::string& text, NewNode& out) {
  for (const Function& function : model.functions())
    if (text == fmt::format("{}.{}", function.domain, function.name)) {
      out.domain = function.domain;
      out.op_type = function.name;
      return;
    }
  const size_t dot = text.rfind('.');
  out.op_type = dot == std::string::npos ? text : text.substr(dot + 1);
  out.domain = dot == std::string::npos ? "" : text.substr(0, dot);
  if (out.domain == "ai.onnx") out.domain.clear();
}

Result<void> check_operator_exists(const Model& model, const NewNode& node) {
  if (!node.domain.empty()) return {};
  const int64_t version = model.opset_version();
  if (onnx::OpSchemaRegistry::Schema(node.op_type, static_cast<int>(version), "") != nullptr)
    return {};
  for (const Function& function : model.functions())
    if (function.domain.empty() && function.name == node.op_type) return {};
  const auto close = closest_match(node.op_type, operator_names("", version));
  return fail("there is no operator '{}' in opset {}{}", to_valid_utf8(node.op_type), version,
              close ? fmt::format("; did you mean '{}'?", *close) : "");
}

// The value for a new output: a name that is free, or a value that waits for its producer.
Result<Value*> output_value(Model& model, const Token& token, const Graph& graph) {
  const Place place = place_of_new(model, token.text);
  if (place.graph != &graph)
    return fail("'{}' and the first output stand in different graphs; expected the same",
                to_valid_utf8(token.text));
  return undefined_value_at(place);
}

Result<void> check_name(const Graph& graph, const Token& token) {
  const auto taken = graph.nodes_called(token.text);
  if (taken.empty()) return {};
  return fail("found the name '{}', which a {} in the same graph has; expected one that is free",
              to_valid_utf8(token.text), to_valid_utf8(taken[0]->op_type()));
}

Error cycle() {
  return fail("the nodes would form a cycle; expected each to read only what was computed before");
}

void import_domain(Edit& edit, const std::string& domain) {
  if (domain.empty() || edit.model().opset_version(domain) != 0) return;
  edit.model().set_opset(domain, 1);
  edit.note(fmt::format("imports domain '{}', version 1", to_valid_utf8(domain)));
}

}  // namespace

const Token* NewNode::flag(std::string_view name) const {
  for (const auto& [key, value] : flags)
    if (key == name) return &value;
  return nullptr;
}

Result<NewNode> parse_new_node(Edit& edit, std::span<const Token> arguments,
                               std::span<const std::string_view> flags) {
  NewNode node;
  const auto arrow = std::find_if(arguments.begin(), arguments.end(), [](const Token& token) {
    return !token.quoted && token.text == "->";
  });
  if (arrow == arguments.end() || arrow == arguments.begin())
    return fail("found no '->' between inputs and outputs; expected OP INPUT… -> OUTPUT…");
  split_operator(edit.model(), arguments[0].text, node);
  if (auto exists = check_operator_exists(edit.model(), node); !exists)
    return edit.blame(arguments[0], exists.error());
  for (auto token = arguments.begin() + 1; token != arrow; ++token) {
    if (token->text.empty()) {
      node.inputs.push_back(nullptr);
      continue;
    }
    auto value = resolve_value(edit.model(), token->text);
    if (!value) return edit.blame(*token, value.error());
    node.inputs.push_back(*value);
  }
  for (auto token = arrow + 1; token != arguments.end(); ++token) {
    if (is_flag(*token)) {
      if (std::find(flags.begin(), flags.end(), token->text) == flags.end())
        return edit.blame(*token, fail("found '{}'; expected {}", to_valid_utf8(token->text),
                                       fmt::join(flags, " or ")));
      if (token + 1 == arguments.end())
        return edit.blame(*token, fail("found nothing behind '{}'", token->text));
      const std::string name = token->text;
      node.flags.emplace_back(name, *++token);
    } else if (is_attribute(*token)) {
      const size_t equals = token->text.find('=');
      node.attributes.emplace_back(
          token->text.substr(0, equals),
          word_of(std::string_view(token->text).substr(equals + 1), token->column));
    } else {
      if (!node.attributes.empty())
        return edit.blame(*token, fail("found '{}' behind an attribute; expected outputs first",
                                       to_valid_utf8(token->text)));
      node.outputs.push_back(*token);
    }
  }
  if (node.outputs.empty() || node.outputs[0].text.empty())
    return fail("found no output behind '->'; expected at least one");
  return node;
}

Result<Node*> add_new_node(Edit& edit, const NewNode& parsed, Node* before) {
  Graph& graph = *place_of_new(edit.model(), parsed.outputs[0].text).graph;
  for (const Value* input : parsed.inputs)
    if (input != nullptr)
      if (auto visible = check_visible(*input, graph); !visible) return visible.error();
  std::vector<Value*> outputs;
  for (const Token& token : parsed.outputs) {
    if (token.text.empty()) {
      outputs.push_back(nullptr);
      continue;
    }
    auto value = output_value(edit.model(), token, graph);
    if (!value) return edit.blame(token, value.error());
    if (std::find(outputs.begin(), outputs.end(), *value) != outputs.end())
      return edit.blame(token, fail("found the output '{}' twice", to_valid_utf8(token.text)));
    outputs.push_back(*value);
  }
  const Token* name = parsed.flag("--name");
  if (name != nullptr)
    if (auto free = check_name(graph, *name); !free) return edit.blame(*name, free.error());
  import_domain(edit, parsed.domain);
  Node* node = graph.add_node(parsed.op_type, parsed.domain, name ? name->text : "", parsed.inputs,
                              outputs, before);
  for (const auto& [key, value] : parsed.attributes)
    if (auto set = set_attribute_argument(edit, *node, {key, false, value.column}, value); !set)
      return set.error();
  if (auto valid = check_edited(edit, *node, false); !valid) return valid.error();
  if (before != nullptr) {
    if (auto ordered = keep_order(graph); !ordered) return ordered.error();
  } else {
    for (Value* output : outputs)
      if (output != nullptr)
        if (auto ordered = keep_in_front(edit, *output); !ordered) return ordered.error();
  }
  edit.values_added();
  return node;
}

Result<void> check_edited(Edit& edit, const Node& node, bool was_refused) {
  const auto issue = check_operator(edit.model(), node);
  if (!issue) return {};
  if (!was_refused) return fail("{} would be refused: {}", node_path(node), issue->message);
  edit.note(fmt::format("{} is not valid yet: {}", node_path(node), issue->message));
  return {};
}

Result<void> keep_order(Graph& graph) {
  if (!graph.sort_topologically()) return cycle();
  return {};
}

Result<void> keep_in_front(Edit& edit, const Value& value) {
  if (value.producer == nullptr || value.uses().empty()) return {};
  Graph& graph = *value.graph;
  if (!edit.is_sorted(graph)) return keep_order(graph);
  for (const Use& use : value.uses())
    if (Node* reader = holder_in(graph, use.node))
      if (!graph.move_in_front(*value.producer, *reader)) return cycle();
  return {};
}

Result<void> keep_in_front(Edit& edit, const Value& value, Node& reader) {
  if (value.producer == nullptr) return {};
  Graph& graph = *value.graph;
  if (!edit.is_sorted(graph)) return keep_order(graph);
  Node* holder = holder_in(graph, &reader);
  if (holder != nullptr && !graph.move_in_front(*value.producer, *holder)) return cycle();
  return {};
}

Result<void> check_visible(const Value& value, const Graph& graph) {
  for (const Graph* around = &graph; around != nullptr;
       around = around->owner() ? &around->owner()->graph() : nullptr)
    if (around == value.graph) return {};
  return fail("'{}' cannot be seen from there; expected a value of the same graph or one around it",
              value_path(value));
}

}  // namespace acuate
