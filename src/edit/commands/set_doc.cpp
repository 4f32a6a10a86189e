#include "edit/address.h"
#include "edit/command.h"
#include "edit/documentation.h"

namespace acuate {
namespace {

Result<void> set_doc(Edit& edit, std::span<const Token> arguments) {
  const std::string& text = arguments[0].text;
  if (arguments.size() == 1) {
    set_documentation(edit.model(), text);
    return {};
  }
  auto node = resolve_node(edit.model(), arguments[1].text);
  if (!node) return edit.blame(arguments[1], node.error());
  set_documentation(**node, text);
  return {};
}

}  // namespace

void register_edit_set_doc(EditCommandRegistry& registry) {
  registry.add({"set_doc", "set-doc TEXT [NODE]", R"(set-doc "finds text lines")",
                "Sets the documentation of the model, or of a node; `\"\"` takes it away.", 1, 2,
                set_doc});
}

}  // namespace acuate
