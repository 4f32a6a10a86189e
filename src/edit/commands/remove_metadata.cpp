#include "base/text.h"
#include "edit/command.h"

namespace acuate {
namespace {

Result<void> remove_metadata(Edit& edit, std::span<const Token> arguments) {
  if (edit.model().remove_metadata(arguments[0].text)) return {};
  std::vector<std::string> keys;
  for (const auto& [key, value] : edit.model().metadata()) keys.push_back(to_valid_utf8(key));
  return edit.blame(arguments[0],
                    fail("there is no entry '{}'; there are: {}", to_valid_utf8(arguments[0].text),
                         keys.empty() ? "none" : join(keys, ", ")));
}

}  // namespace

void register_edit_remove_metadata(EditCommandRegistry& registry) {
  registry.add({"remove_metadata", "remove-metadata KEY", "remove-metadata author",
                "Removes an entry of the model's metadata.", 1, 1, remove_metadata});
}

}  // namespace acuate
