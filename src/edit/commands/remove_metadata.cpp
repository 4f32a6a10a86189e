#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"

namespace acuate {
namespace {

Result<void> remove_metadata(Edit& edit, std::span<const Token> arguments) {
  const std::string& wanted = arguments[0].text;
  Node* node = nullptr;
  if (arguments.size() == 2) {
    auto found = resolve_node(edit.model(), arguments[1].text);
    if (!found) return edit.blame(arguments[1], found.error());
    node = *found;
  }
  if (node != nullptr ? node->remove_metadata(wanted) : edit.model().remove_metadata(wanted))
    return {};
  std::vector<std::string> keys;
  for (const auto& [key, value] : node != nullptr ? node->metadata() : edit.model().metadata())
    keys.push_back(to_valid_utf8(key));
  return edit.blame(arguments[0],
                    fail("there is no entry '{}'; there are: {}", to_valid_utf8(arguments[0].text),
                         keys.empty() ? "none" : join(keys, ", ")));
}

}  // namespace

void register_edit_remove_metadata(EditCommandRegistry& registry) {
  registry.add({"remove_metadata", "remove-metadata KEY [NODE]", "remove-metadata author",
                "Removes an entry of the metadata of the model, or of a node.", 1, 2,
                remove_metadata});
}

}  // namespace acuate
