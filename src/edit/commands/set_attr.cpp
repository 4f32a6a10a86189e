#include "edit/address.h"
#include "edit/attribute_argument.h"
#include "edit/command.h"
#include "edit/new_node.h"
#include "onnx_io/authority.h"

namespace acuate {
namespace {

Result<void> set_attr(Edit& edit, std::span<const Token> arguments) {
  auto node = resolve_node(edit.model(), arguments[0].text);
  if (!node) return edit.blame(arguments[0], node.error());
  const bool was_refused = check_operator(edit.model(), **node).has_value();
  if (auto set = set_attribute_argument(edit, **node, arguments[1], arguments[2]); !set) return set;
  if (auto valid = check_edited(edit, **node, was_refused); !valid)
    return edit.blame(arguments[2], valid.error());
  edit.types_changed();
  return {};
}

}  // namespace

void register_edit_set_attr(EditCommandRegistry& registry) {
  registry.add(
      {"set_attr", "set-attr NODE NAME VALUE", "set-attr conv1 pads [1, 1, 1, 1]",
       "Sets or adds an attribute: a number, a text, or a list of either, in the type that the "
       "operator declares or the attribute has. Other types are written `tensor:float32:[1, 2]`, "
       "`tensor:w.npy`, `type_proto:float32[1, n]`, "
       "`sparse_tensor:float32[100]:[0.5, 2]:[3, 17]` (shape, values, indices), `graph:FILE` or "
       "`graph:text:\"…\"` (a body), lists of them `tensors:[…]`; `int:`, `float:`, `string:`, "
       "`ints:`, `floats:`, `strings:` choose where no schema does, and `ref:NAME` takes an "
       "attribute of the function. Refused: attributes that the operator does not declare.",
       3, 3, set_attr});
}

}  // namespace acuate
