#include "edit/address.h"
#include "edit/command.h"

namespace acuate {
namespace {

Result<void> set_metadata(Edit& edit, std::span<const Token> arguments) {
  if (arguments[0].text.empty())
    return edit.blame(arguments[0], fail("found an empty key; expected one"));
  if (arguments.size() == 2) {
    edit.model().set_metadata(arguments[0].text, arguments[1].text);
    return {};
  }
  auto node = resolve_node(edit.model(), arguments[2].text);
  if (!node) return edit.blame(arguments[2], node.error());
  (*node)->set_metadata(arguments[0].text, arguments[1].text);
  return {};
}

}  // namespace

void register_edit_set_metadata(EditCommandRegistry& registry) {
  registry.add({"set_metadata", "set-metadata KEY VALUE [NODE]",
                R"(set-metadata author "A. Person")",
                "Sets an entry of the metadata of the model, or of a node, which engines ignore "
                "and people read.",
                2, 3, set_metadata});
}

}  // namespace acuate
