#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "edit/new_value.h"
#include "edit/tensor_argument.h"

namespace acuate {
namespace {

// A value that can become a constant: an input, one that nothing defines, or a new one.
Result<Value*> value_to_define(Model& model, const std::string& path) {
  auto found = value_at(place_of_new(model, path));
  if (!found) return found.error();
  const Value* value = *found;
  if (value->initializer || value->is_sparse_initializer)
    return fail("'{}' is an initializer already; set-initializer changes it", value_path(*value));
  if (value->producer != nullptr)
    return fail("'{}' is computed by '{}'; expected a new name or an input", value_path(*value),
                node_path(*value->producer));
  if (value->is_input && value->graph->owner() != nullptr)
    return fail("'{}' is an input of a body, which its node feeds", value_path(*value));
  return found;
}

Result<void> add_initializer(Edit& edit, std::span<const Token> arguments) {
  auto value = value_to_define(edit.model(), arguments[0].text);
  if (!value) return edit.blame(arguments[0], value.error());
  auto tensor = parse_tensor_argument(edit, arguments[1]);
  if (!tensor) return edit.blame(arguments[1], tensor.error());
  const ValueType& declared = (*value)->type;
  const bool is_tensor = declared.kind == ValueType::Kind::Tensor;
  if ((*value)->is_input && (!is_tensor || declared.element != tensor->type))
    return edit.blame(arguments[1],
                      fail("found {} for the input '{}', which is {}",
                           element_type_name(tensor->type), value_path(**value), declared.text()));
  const ValueType before = declared;
  give_initializer(**value, *tensor);
  if ((*value)->is_input) {
    // A default value; the declaration stays what callers see.
    (*value)->graph->set_type(**value, before);
    edit.note("a default value of the input; remove-input makes it a constant");
  }
  edit.types_changed();
  return {};
}

}  // namespace

void register_edit_add_initializer(EditCommandRegistry& registry) {
  registry.add(
      {"add_initializer", "add-initializer NAME TENSOR", "add-initializer low float32:0",
       "Adds a constant of a new name, TENSOR as for set-initializer (int64, float32, bool or "
       "string where no type stands before the value). For the name of an input it becomes the "
       "default value; for a value that is read and not defined, its definition.",
       2, 2, add_initializer});
}

}  // namespace acuate
