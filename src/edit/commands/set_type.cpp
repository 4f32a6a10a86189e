#include "edit/address.h"
#include "edit/command.h"
#include "edit/declare.h"
#include "edit/type_text.h"

namespace acuate {
namespace {

Result<void> set_type(Edit& edit, std::span<const Token> arguments) {
  auto value = resolve_value(edit.model(), arguments[0].text);
  if (!value) return edit.blame(arguments[0], value.error());
  auto type = parse_type_text(edit.model(), arguments[1].text);
  if (!type) return edit.blame(arguments[1], type.error());
  if (auto declared = declare_type(edit, **value, *std::move(type)); !declared)
    return edit.blame(arguments[1], declared.error());
  return {};
}

}  // namespace

void register_edit_set_type(EditCommandRegistry& registry) {
  registry.add(
      {"set_type", "set-type VALUE TYPE", "set-type x float16[1, 3, h, w]",
       "Declares element type and shape of an input or output of the model, or of an inner value, "
       "bodies of If, Loop and Scan included; TYPE as for add-input. Behind an input, types are "
       "inferred again, and a declaration of an inner value holds until they are: it comes last in "
       "a script. Refused: what contradicts the default value of an input, or what the model "
       "computes.",
       2, 2, set_type});
}

}  // namespace acuate
