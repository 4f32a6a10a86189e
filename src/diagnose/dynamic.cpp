#include "diagnose/dynamic.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include <fmt/format.h>

#include "base/text.h"

namespace acuate {
namespace {

bool is_constant(const Value& value) {
  if (value.initializer.has_value()) return true;
  return value.producer != nullptr && value.producer->is_op("Constant");
}

bool measures_shape(const Node& node) { return node.is_op("Shape") || node.is_op("Size"); }

bool has_bodies(const Node& node) {
  return std::any_of(node.attributes().begin(), node.attributes().end(),
                     [](const Attribute& attribute) { return !attribute.graphs.empty(); });
}

// What the value is computed from, constants left out; a body's input from its holder's operands.
std::vector<const Value*> sources_of(const Value& value) {
  std::vector<const Value*> out;
  const Node* reader = value.producer;
  if (reader == nullptr && value.graph != nullptr) reader = value.graph->owner();
  if (reader == nullptr) return out;
  for (size_t slot = 0; slot < reader->input_count(); ++slot)
    if (const Value* input = reader->input(slot); input != nullptr && !is_constant(*input))
      out.push_back(input);
  if (value.producer != nullptr)
    for (const Attribute& attribute : reader->attributes())
      for (const auto& body : attribute.graphs)
        for (const Value* output : body->outputs())
          if (output != nullptr && !is_constant(*output)) out.push_back(output);
  return out;
}

// Those of the sources that make the value's shape dynamic, or may.
std::vector<const Value*> shape_sources(const Value& value) {
  std::vector<const Value*> all = sources_of(value), dynamic;
  std::copy_if(all.begin(), all.end(), std::back_inserter(dynamic),
               [](const Value* source) { return is_dynamic(*source); });
  if (is_dynamic(value)) return dynamic.empty() ? all : dynamic;
  if (value.producer != nullptr && measures_shape(*value.producer)) return dynamic;
  // Through computed integers only: what values decide does not follow from an input's dimensions.
  std::erase_if(all, [](const Value* source) { return is_dynamic(*source); });
  return all;
}

}  // namespace

bool is_dynamic(const Value& value) {
  if (value.initializer.has_value()) return false;
  return value.type.kind == ValueType::Kind::Unknown ||
         (value.type.kind == ValueType::Kind::Tensor && !value.type.is_static());
}

bool is_dynamic_input(const Value& value) {
  return value.is_input && value.graph != nullptr && value.graph->owner() == nullptr &&
         is_dynamic(value);
}

std::string DynamicOrigin::source() const {
  if (input != nullptr) return fmt::format("input '{}'", to_valid_utf8(input->name));
  if (node != nullptr)
    return fmt::format("{} '{}'", to_valid_utf8(node->op_type()), node->address());
  return "an unknown place";
}

std::string DynamicOrigin::text(size_t limit) const {
  std::vector<std::string> parts;
  if (input != nullptr) parts.push_back(to_valid_utf8(input->name));
  for (size_t i = 0; i < chain.size(); ++i) {
    if (chain.size() > limit && i + 1 == limit) {
      parts.push_back("…");
      i = chain.size() - 1;
    }
    parts.push_back(chain[i]->address());
  }
  return join(parts, " → ");
}

DynamicOrigin dynamic_origin(const Value& value) {
  std::unordered_map<const Value*, const Value*> towards;  // the next value on the way to `value`
  std::deque<const Value*> waiting{&value};
  towards.emplace(&value, nullptr);
  const Value* source = nullptr;
  while (!waiting.empty()) {
    const Value* at = waiting.front();
    waiting.pop_front();
    if (is_dynamic_input(*at)) {
      source = at;
      break;
    }
    const auto before = shape_sources(*at);
    const bool starts_here = std::none_of(before.begin(), before.end(),
                                          [](const Value* other) { return is_dynamic(*other); });
    if (source == nullptr && at->producer != nullptr && is_dynamic(*at) && starts_here) source = at;
    for (const Value* other : before)
      if (towards.emplace(other, at).second) waiting.push_back(other);
  }
  DynamicOrigin origin;
  if (source == nullptr) return origin;
  if (is_dynamic_input(*source))
    origin.input = source;
  else
    origin.node = source->producer;
  for (const Value* at = source; at != nullptr; at = towards.at(at))
    if (at->producer != nullptr && (origin.chain.empty() || origin.chain.back() != at->producer))
      origin.chain.push_back(at->producer);
  return origin;
}

std::vector<const Node*> data_dependent_nodes(const Model& model) {
  std::vector<const Node*> out;
  const auto scaffold = shape_scaffold(model);
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next()) {
    if (scaffold.count(node) > 0) continue;
    const auto dynamic =
        std::find_if(node->outputs().begin(), node->outputs().end(),
                     [](const Value* value) { return value != nullptr && is_dynamic(*value); });
    if (dynamic == node->outputs().end()) continue;
    const auto before = shape_sources(**dynamic);
    if (std::any_of(before.begin(), before.end(),
                    [](const Value* value) { return is_dynamic(*value); }))
      continue;
    if (dynamic_origin(**dynamic).node == node) out.push_back(node);
  }
  return out;
}

std::unordered_set<const Node*> shape_scaffold(const Model& model) {
  std::unordered_set<const Node*> scaffold;
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next()) {
    if (node->is_op("Constant") || has_bodies(*node)) continue;
    bool known = node->input_count() > 0;
    for (size_t slot = 0; slot < node->input_count() && !measures_shape(*node); ++slot) {
      const Value* input = node->input(slot);
      known &= input == nullptr || is_constant(*input) ||
               (input->producer != nullptr && scaffold.count(input->producer) > 0);
    }
    if (known) scaffold.insert(node);
  }
  return scaffold;
}

}  // namespace acuate
