#include <fmt/format.h>

#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "edit/tensor_argument.h"

namespace acuate {
namespace {

// The constant as it is: an initializer, or what a Constant node gives.
Result<TensorRef> existing_constant(const Model& model, const Value& value) {
  const std::string path = value_path(value);
  if (value.initializer) return *value.initializer;
  const Attribute* held = value.producer && value.producer->is_op("Constant")
                              ? value.producer->attribute("value")
                              : nullptr;
  const auto wire = held ? held->as_tensor() : std::nullopt;
  if (!wire)
    return fail(
        "'{}' is neither an initializer nor the tensor of a Constant node; add-initializer makes "
        "a new one",
        path);
  if (model.ir_version() < 4)
    return fail(
        "'{}' comes from a Constant node, which cannot become an initializer in IR version "
        "{}; expected 4 or newer",
        path, model.ir_version());
  return parse_tensor(*wire, model.folder());
}

Result<void> set_initializer(Edit& edit, std::span<const Token> arguments) {
  Model& model = edit.model();
  auto resolved = resolve_value(model, arguments[0].text);
  if (!resolved) return edit.blame(arguments[0], resolved.error());
  Value& value = **resolved;
  auto old = existing_constant(model, value);
  if (!old) return edit.blame(arguments[0], old.error());
  auto tensor = parse_tensor_argument(edit, arguments[1], &*old);
  if (!tensor) return edit.blame(arguments[1], tensor.error());
  if (value.producer != nullptr) value.graph->remove_node(*value.producer);
  if (tensor->shape != old->shape || tensor->type != old->type)
    edit.note(fmt::format("was {} {}, is {} {}", element_type_name(old->type),
                          format_shape(old->shape), element_type_name(tensor->type),
                          format_shape(tensor->shape)));
  give_initializer(value, *tensor);
  // Where weights are inputs, too (IR version 3), the input's declaration follows.
  if (value.is_input) value.graph->set_type(value, ValueType(value.type));
  edit.types_changed();
  return {};
}

}  // namespace

void register_edit_set_initializer(EditCommandRegistry& registry) {
  registry.add(
      {"set_initializer", "set-initializer VALUE TENSOR", "set-initializer new_shape [1, -1, 256]",
       "Replaces the content of a weight or of a Constant node. TENSOR is `3`, `[1, 2]` or "
       "`[[1, 2], [3, 4]]`, in the element type that it has unless another stands before "
       "(`float16:[0.5]`); `w.npy`; or `raw:float32[2, 3]:w.bin`. Nested lists give a new shape; "
       "a flat one keeps the old shape where the count fits.",
       2, 2, set_initializer});
}

}  // namespace acuate
