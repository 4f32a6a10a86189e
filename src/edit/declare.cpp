#include "edit/declare.h"

#include "edit/address.h"

namespace acuate {

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

Result<void> declare_type(Edit& edit, Value& value, ValueType type) {
  const bool is_main = value.graph == &edit.model().graph();
  if (!is_main || (!value.is_input && !value.is_output()))
    return fail(
        "'{}' is neither an input nor an output of the model; the types of others follow from "
        "these",
        value_path(value));
  if (value.initializer) {
    ValueType constant;
    constant.kind = ValueType::Kind::Tensor;
    constant.element = value.initializer->type;
    constant.shape.emplace();
    for (const int64_t dim : value.initializer->shape) constant.shape->push_back({dim, {}});
    if (!types_agree(type, constant))
      return fail("found {} for '{}', whose default value is {}", type.text(), value_path(value),
                  constant.text());
  }
  if (!value.is_input) {
    // What is computed, without the old declaration.
    value.graph->set_type(value, ValueType());
    // Where no node reads it no other type follows from it, that of another output least of all.
    if (value.uses().empty())
      edit.values_added();
    else
      edit.types_changed();
    edit.refresh_types();
    if (!types_agree(type, value.type))
      return fail("found {} for the output '{}', but '{}' computes {}", type.text(),
                  value_path(value), value.producer ? node_path(*value.producer) : "the model",
                  value.type.text());
  }
  value.graph->set_type(value, std::move(type));
  if (value.is_input) edit.types_changed();
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
