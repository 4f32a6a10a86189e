#include "edit/command.h"
#include "edit/new_node.h"

namespace acuate {
namespace {

Result<void> add_node(Edit& edit, std::span<const Token> arguments) {
  constexpr std::string_view kFlags[] = {"--name"};
  auto parsed = parse_new_node(edit, arguments, kFlags);
  if (!parsed) return parsed.error();
  auto node = add_new_node(edit, *parsed);
  return node ? Result<void>() : node.error();
}

}  // namespace

void register_edit_add_node(EditCommandRegistry& registry) {
  registry.add(
      {"add_node", "add-node OP INPUT… -> OUTPUT… [ATTR=VALUE…] [--name NAME]",
       "add-node Clip conv_out low high -> clipped --name clip_1",
       "Adds a node. OP carries its domain before the last dot (`com.microsoft.Gelu`); `\"\"` "
       "leaves an input or output out. Outputs are new names, or values that are read and that "
       "nothing defines; where they stand in a body (`choose::then_branch::y`), the node does. "
       "Attributes are written as for set-attr. Refused: what the operator's schema does not "
       "allow, names that are taken, a cycle.",
       3, 4096, add_node});
}

}  // namespace acuate
