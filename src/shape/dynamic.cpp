#include "shape/dynamic.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"

namespace acuate {
namespace {

bool contains(const Expr& expr, const std::string& symbol) {
  if (expr.is_number()) return false;
  const auto symbols = expr.symbols();
  return std::binary_search(symbols.begin(), symbols.end(), symbol);
}

// The first axis with the symbol; nothing where only data has it, or none of both.
std::optional<size_t> axis_with(const ShapeInference& shapes, const Value& value,
                                const std::string& symbol) {
  const Dims* dims = shapes.shape(value);
  for (size_t axis = 0; dims != nullptr && axis < dims->size(); ++axis)
    if (contains((*dims)[axis], symbol)) return axis;
  return std::nullopt;
}

// An empty symbol stands for a rank that is not known.
bool carries(const ShapeInference& shapes, const Value& value, const std::string& symbol) {
  if (symbol.empty()) return !value.initializer && shapes.shape(value) == nullptr;
  if (axis_with(shapes, value, symbol)) return true;
  const ShapeData* data = shapes.data(value);
  return data != nullptr &&
         std::any_of(data->values.begin(), data->values.end(),
                     [&](const Expr& element) { return contains(element, symbol); });
}

std::string node_text(const Node& node) {
  return fmt::format("{} '{}'", to_valid_utf8(node.op_type()), node.address());
}

// What a value is made of: the operands of its producer and what the bodies of that hand out; for
// an input of a body the operands of the node that holds it.
std::vector<const Value*> made_of(const Value& value, const Node& node) {
  std::vector<const Value*> all;
  for (size_t slot = 0; slot < node.input_count(); ++slot)
    if (const Value* input = node.input(slot)) all.push_back(input);
  if (value.producer == nullptr) return all;
  for (const Attribute& attribute : node.attributes())
    for (const auto& body : attribute.graphs)
      for (const Value* output : body->outputs()) all.push_back(output);
  return all;
}

DynamicAxis::Source trace(const ShapeInference& shapes, const Value& value,
                          const std::string& symbol) {
  DynamicAxis::Source source;
  source.symbol = symbol;
  std::unordered_set<const Value*> passed;  // a cycle must end
  std::unordered_set<const Node*> told;
  const Value* at = &value;
  while (passed.insert(at).second) {
    const Node* node = at->producer != nullptr ? at->producer : at->graph->owner();
    if (node == nullptr) break;
    if (told.insert(node).second) source.chain.push_back(node);
    const auto before = made_of(*at, *node);
    const auto next = std::find_if(before.begin(), before.end(), [&](const Value* other) {
      return passed.count(other) == 0 && carries(shapes, *other, symbol);
    });
    if (next == before.end()) {
      source.origin = node_text(*node);
      break;
    }
    at = *next;
  }
  if (source.origin.empty()) {
    source.origin =
        fmt::format("{} '{}'", at->is_input ? "input" : "value", to_valid_utf8(at->name));
    if (at->is_input) source.input = at;
    if (!symbol.empty()) source.axis = axis_with(shapes, *at, symbol);
  }
  std::reverse(source.chain.begin(), source.chain.end());
  return source;
}

// Whether values, not an input's dimensions, decide a dimension that the node is the first to have.
bool decides_by_values(const ShapeInference& shapes, const Node& node, const Value& output) {
  const auto is_operand = [&](const auto& has) {
    for (size_t slot = 0; slot < node.input_count(); ++slot)
      if (const Value* input = node.input(slot); input != nullptr && has(*input)) return true;
    return false;
  };
  const Dims* dims = shapes.shape(output);
  if (dims == nullptr)
    return is_dynamic(output) &&
           !is_operand([&](const Value& input) { return carries(shapes, input, ""); });
  for (const Expr& dim : *dims) {
    if (dim.is_number()) continue;
    for (const std::string& symbol : dim.symbols())
      if (!is_operand(
              [&](const Value& input) { return axis_with(shapes, input, symbol).has_value(); }) &&
          !trace(shapes, output, symbol).axis)
        return true;
  }
  return false;
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

std::vector<const Node*> data_dependent_nodes(const ShapeInference& shapes) {
  std::vector<const Node*> out;
  for (const Node* node = shapes.model().graph().first(); node != nullptr; node = node->next())
    if (std::any_of(node->outputs().begin(), node->outputs().end(), [&](const Value* output) {
          return output != nullptr && decides_by_values(shapes, *node, *output);
        }))
      out.push_back(node);
  return out;
}

std::vector<DynamicAxis> explain_dynamic(const ShapeInference& shapes, const Value& value) {
  std::vector<DynamicAxis> all;
  const Dims* dims = shapes.shape(value);
  if (dims == nullptr && value.type.kind != ValueType::Kind::Sequence)
    all.push_back({&value, 0, "unknown rank", {trace(shapes, value, "")}});
  for (size_t axis = 0; dims != nullptr && axis < dims->size(); ++axis) {
    const Expr dim = (*dims)[axis];
    if (dim.is_number()) continue;
    DynamicAxis dynamic{&value, axis, to_valid_utf8(dim.text()), {}};
    for (const std::string& symbol : dim.symbols())
      dynamic.sources.push_back(trace(shapes, value, symbol));
    all.push_back(std::move(dynamic));
  }
  return all;
}

std::string chain_text(const DynamicAxis::Source& source, size_t max_nodes) {
  const bool begins_in_node =
      !source.chain.empty() && source.origin == node_text(*source.chain.front());
  std::string text = (begins_in_node ? "data of " : "") + source.origin;
  if (source.axis) text += fmt::format(", axis {}", *source.axis);
  const size_t count = source.chain.size();
  for (size_t i = 0; i < count; ++i) {
    if (count > max_nodes && i == max_nodes / 2) {
      text += fmt::format(" → … ({} nodes)", count - max_nodes / 2 * 2);
      i = count - max_nodes / 2;
    }
    if (i == 0 && begins_in_node) continue;  // told already
    text += " → " + node_text(*source.chain[i]);
  }
  return text;
}

}  // namespace acuate
