#include <limits>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "edit/literal.h"

namespace acuate {
namespace {

constexpr ElementType kWritable[] = {ElementType::Float,  ElementType::Double, ElementType::Bool,
                                     ElementType::Int8,   ElementType::Uint8,  ElementType::Int16,
                                     ElementType::Uint16, ElementType::Int32,  ElementType::Uint32,
                                     ElementType::Int64,  ElementType::Uint64};

template <class T>
Result<Tensor> make_tensor(ElementType type, const Literal& literal, Shape shape) {
  Tensor tensor = Tensor::allocate(type, std::move(shape));
  const auto out = tensor.mutable_values<T>();
  for (size_t i = 0; i < literal.items.size(); ++i) {
    const Literal::Item& item = literal.items[i];
    if constexpr (std::is_floating_point_v<T>) {
      const auto value = static_cast<T>(item.number);
      if (item.kind == Literal::Kind::Text ||
          (value - value != 0 && item.number - item.number == 0))
        return fail("found '{}'; expected a number that {} holds", to_valid_utf8(item.text),
                    element_type_name(type));
      out[i] = value;
    } else {
      if (item.kind != Literal::Kind::Int || !std::in_range<T>(item.integer))
        return fail("found '{}'; expected a whole number that {} holds", to_valid_utf8(item.text),
                    element_type_name(type));
      out[i] = static_cast<T>(item.integer);
    }
  }
  return tensor;
}

Result<Tensor> make_tensor(ElementType type, const Literal& literal, Shape shape) {
  switch (type) {
    case ElementType::Float:
      return make_tensor<float>(type, literal, std::move(shape));
    case ElementType::Double:
      return make_tensor<double>(type, literal, std::move(shape));
    case ElementType::Int8:
      return make_tensor<int8_t>(type, literal, std::move(shape));
    case ElementType::Uint8:
      return make_tensor<uint8_t>(type, literal, std::move(shape));
    case ElementType::Int16:
      return make_tensor<int16_t>(type, literal, std::move(shape));
    case ElementType::Uint16:
      return make_tensor<uint16_t>(type, literal, std::move(shape));
    case ElementType::Int32:
      return make_tensor<int32_t>(type, literal, std::move(shape));
    case ElementType::Uint32:
      return make_tensor<uint32_t>(type, literal, std::move(shape));
    case ElementType::Int64:
      return make_tensor<int64_t>(type, literal, std::move(shape));
    case ElementType::Uint64:
      return make_tensor<uint64_t>(type, literal, std::move(shape));
    case ElementType::Bool:
      break;
    default:
      return fail("a {} tensor cannot be written as text; expected a value of another type",
                  element_type_name(type));
  }
  for (const Literal::Item& item : literal.items)
    if (item.kind != Literal::Kind::Int || item.integer < 0 || item.integer > 1)
      return fail("found '{}'; expected 0 or 1 for bool", to_valid_utf8(item.text));
  auto bytes = make_tensor<uint8_t>(ElementType::Uint8, literal, shape);
  Tensor tensor = Tensor::allocate(type, std::move(shape));
  std::copy(bytes->bytes().begin(), bytes->bytes().end(), tensor.mutable_bytes().begin());
  return tensor;
}

// The constant as it is: an initializer, or what a Constant node gives.
Result<TensorRef> existing_constant(const Model& model, const Value& value) {
  const std::string path = value_path(value);
  if (value.initializer) return *value.initializer;
  const Attribute* held = value.producer && value.producer->is_op("Constant")
                              ? value.producer->attribute("value")
                              : nullptr;
  const auto wire = held ? held->as_tensor() : std::nullopt;
  if (!wire) return fail("'{}' is neither an initializer nor the tensor of a Constant node", path);
  if (model.ir_version() < 4)
    return fail(
        "'{}' comes from a Constant node, which cannot become an initializer in IR version "
        "{}; expected 4 or newer",
        path, model.ir_version());
  return parse_tensor(*wire, model.folder());
}

// Nested lists have their own shape; a flat list or a single number keeps the old one where it
// fits.
Shape choose_shape(const Literal& literal, const Shape& old) {
  const auto count = static_cast<int64_t>(literal.items.size());
  const bool flat = literal.shape.size() <= 1;
  if (flat && element_count(old) == count) return old;
  return literal.shape;
}

Result<void> set_initializer(Edit& edit, std::span<const Token> arguments) {
  Model& model = edit.model();
  auto value = resolve_value(model, arguments[0].text);
  if (!value) return edit.blame(arguments[0], value.error());
  auto old = existing_constant(model, **value);
  if (!old) return edit.blame(arguments[0], old.error());

  Token token = arguments[1];
  std::vector<std::string> prefixes;
  for (const ElementType type : kWritable) prefixes.emplace_back(element_type_name(type));
  const std::string prefix = take_prefix(token, prefixes);
  auto literal = parse_literal(token);
  if (!literal) return edit.blame(arguments[1], literal.error());
  const ElementType type = prefix.empty() ? old->type : *parse_element_type(prefix);
  auto tensor = make_tensor(type, *literal, choose_shape(*literal, old->shape));
  if (!tensor) return edit.blame(arguments[1], tensor.error());

  Graph& graph = *(*value)->graph;
  if ((*value)->producer != nullptr) {
    const std::string name((*value)->name);
    graph.remove_node(*(*value)->producer);
  }
  if (tensor->shape() != old->shape || type != old->type)
    edit.note(fmt::format("was {} {}, is {} {}", element_type_name(old->type),
                          format_shape(old->shape), element_type_name(type),
                          format_shape(tensor->shape())));
  graph.set_initializer(**value, *tensor);
  // Where weights are inputs, too (IR version 3), the input's declaration follows.
  if ((*value)->is_input) graph.set_type(**value, ValueType((*value)->type));
  edit.types_changed();
  return {};
}

}  // namespace

void register_edit_set_initializer(EditCommandRegistry& registry) {
  registry.add(
      {"set_initializer", "set-initializer VALUE NUMBERS", "set-initializer new_shape [1, -1, 256]",
       "Replaces the content of a weight or of a Constant node, in its element type unless "
       "another stands before the numbers (`float32:[0.5]`). Nested lists give a new "
       "shape; a flat one keeps the old shape where the count fits.",
       2, 2, set_initializer});
}

}  // namespace acuate
