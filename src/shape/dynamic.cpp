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

DynamicAxis::Source trace(const ShapeInference& shapes, const Value& value,
                          const std::string& symbol) {
  DynamicAxis::Source source{symbol, "", {}, {}};
  std::unordered_set<const Node*> passed;  // a cycle must end
  const Value* at = &value;
  while (at->producer != nullptr && passed.insert(at->producer).second) {
    const Node& node = *at->producer;
    source.chain.push_back(&node);
    const Value* next = nullptr;
    for (size_t slot = 0; slot < node.input_count() && next == nullptr; ++slot)
      if (const Value* input = node.input(slot); input && carries(shapes, *input, symbol))
        next = input;
    if (next == nullptr) {
      source.origin = node_text(node);
      break;
    }
    at = next;
  }
  if (source.origin.empty()) {
    source.origin =
        fmt::format("{} '{}'", at->is_input ? "input" : "value", to_valid_utf8(at->name));
    if (!symbol.empty()) source.axis = axis_with(shapes, *at, symbol);
  }
  std::reverse(source.chain.begin(), source.chain.end());
  return source;
}

}  // namespace

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
