#include "edit/declare.h"

#include <fmt/format.h>

#include "edit/address.h"
#include "shape/infer.h"

namespace acuate {

bool is_in_function(const Graph& graph) {
  const Graph* outermost = &graph;
  while (outermost->owner() != nullptr) outermost = &outermost->owner()->graph();
  return outermost->function() != nullptr;
}

bool types_agree(const ValueType& to, const ValueType& from) {
  if (to.kind == ValueType::Kind::Unknown || from.kind == ValueType::Kind::Unknown) return true;
  if (to.kind != from.kind || to.element != from.element) return false;
  if (!to.shape || !from.shape) return true;
  if (to.shape->size() != from.shape->size()) return false;
  for (size_t i = 0; i < to.shape->size(); ++i) {
    const Dim &a = (*to.shape)[i], &b = (*from.shape)[i];
    if (a.is_known() && b.is_known() && a != b) return false;
  }
  return true;
}

namespace {

Result<void> declare_input(Edit& edit, Value& input, ValueType type) {
  if (input.initializer) {
    ValueType constant;
    constant.kind = ValueType::Kind::Tensor;
    constant.element = input.initializer->type;
    constant.shape.emplace();
    for (const int64_t dim : input.initializer->shape) constant.shape->push_back({dim, {}});
    if (!types_agree(type, constant))
      return fail("found {} for '{}', whose default value is {}", type.text(), value_path(input),
                  constant.text());
  }
  input.graph->set_type(input, std::move(type));
  edit.types_changed();
  return {};
}

// Against what the model computes, whatever was declared of the value before; whether that tells
// the shape.
Result<bool> check_computed(const Edit& edit, const Value& value, const ValueType& type) {
  if (!edit.context().infer) return false;
  const auto copy = edit.model().clone();
  const auto twin = resolve_value(*copy, value_path(value));
  if (!twin) return twin.error();
  (*twin)->graph->set_type(**twin, ValueType());
  infer_shapes(*copy);
  const ValueType& computed = (*twin)->type;
  if (!types_agree(type, computed))
    return fail("found {} for '{}', but {} computes {}", type.text(), value_path(value),
                value.producer ? fmt::format("'{}'", node_path(*value.producer)) : "the model",
                computed.text());
  return computed.shape.has_value();
}

}  // namespace

Result<void> declare_type(Edit& edit, Value& value, ValueType type) {
  if (value.graph == &edit.model().graph() && value.is_input)
    return declare_input(edit, value, std::move(type));
  if (value.initializer || value.is_sparse_initializer)
    return fail("'{}' is a constant, which has the type of its content", value_path(value));
  if (is_in_function(*value.graph))
    return fail("'{}' stands in a function, whose values have the types of each call",
                value_path(value));
  const bool is_output = value.graph == &edit.model().graph() && value.is_output();
  edit.refresh_types();
  if (is_output || !types_agree(type, value.type)) {
    const auto has_shape = check_computed(edit, value, type);
    if (!has_shape) return has_shape.error();
    // Then it is the declaration that others follow from.
    if (!*has_shape && !value.uses().empty()) edit.types_changed();
  }
  value.graph->set_type(value, std::move(type));
  edit.types_declared();
  return {};
}

Result<ValueType> type_for_outside(Edit& edit, Value& value) {
  if (value.type.kind == ValueType::Kind::Unknown) edit.refresh_types();
  if (value.type.kind == ValueType::Kind::Unknown)
    return fail(
        "the type of '{}' cannot be inferred, and ONNX asks for it in inputs and outputs; "
        "simplify the model or choose another value",
        value_path(value));
  return value.type;
}

}  // namespace acuate
