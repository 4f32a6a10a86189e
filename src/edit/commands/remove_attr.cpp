#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"

namespace acuate {
namespace {

Result<void> remove_attr(Edit& edit, std::span<const Token> arguments) {
  auto node = resolve_node(edit.model(), arguments[0].text);
  if (!node) return edit.blame(arguments[0], node.error());
  const Attribute* attribute = (*node)->attribute(arguments[1].text);
  if (attribute == nullptr) {
    std::vector<std::string> names;
    for (const Attribute& each : (*node)->attributes()) names.push_back(to_valid_utf8(each.name));
    return edit.blame(arguments[1], fail("'{}' has no attribute '{}'; it has: {}",
                                         node_path(**node), to_valid_utf8(arguments[1].text),
                                         names.empty() ? "none" : join(names, ", ")));
  }
  if (!attribute->graphs.empty())
    return edit.blame(arguments[1],
                      fail("'{}' holds a body, without which a {} cannot be; delete "
                           "the node instead",
                           to_valid_utf8(attribute->name), to_valid_utf8((*node)->op_type())));
  (*node)->remove_attribute(arguments[1].text);
  edit.types_changed();
  return {};
}

}  // namespace

void register_edit_remove_attr(EditCommandRegistry& registry) {
  registry.add({"remove_attr", "remove-attr NODE NAME", "remove-attr resize_1 cubic_coeff_a",
                "Removes an attribute, so that the operator's default holds. Bodies stay.", 2, 2,
                remove_attr});
}

}  // namespace acuate
