#include "edit/command.h"

namespace acuate {
namespace {

Result<void> set_metadata(Edit& edit, std::span<const Token> arguments) {
  if (arguments[0].text.empty())
    return edit.blame(arguments[0], fail("found an empty key; expected one"));
  edit.model().set_metadata(arguments[0].text, arguments[1].text);
  return {};
}

}  // namespace

void register_edit_set_metadata(EditCommandRegistry& registry) {
  registry.add({"set_metadata", "set-metadata KEY VALUE", R"(set-metadata author "A. Person")",
                "Sets an entry of the model's metadata, which engines ignore and people read.", 2,
                2, set_metadata});
}

}  // namespace acuate
