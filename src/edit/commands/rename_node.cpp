#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"

namespace acuate {
namespace {

Result<void> rename_node(Edit& edit, std::span<const Token> arguments) {
  auto node = resolve_node(edit.model(), arguments[0].text);
  if (!node) return edit.blame(arguments[0], node.error());
  const std::string& name = arguments[1].text;
  for (const Node* other : (*node)->graph().nodes_called(name))
    if (other != *node)
      return edit.blame(arguments[1],
                        fail("found the name '{}', which a {} in the same graph has; expected one "
                             "that is free",
                             to_valid_utf8(name), to_valid_utf8(other->op_type())));
  if ((*node)->name() != name) (*node)->set_name(name);
  return {};
}

}  // namespace

void register_edit_rename_node(EditCommandRegistry& registry) {
  registry.add(
      {"rename_node", "rename-node NODE NAME", "rename-node @conv_out stem",
       "Gives a node a name that no other node of its graph has; `\"\"` takes its name away.", 2, 2,
       rename_node});
}

}  // namespace acuate
