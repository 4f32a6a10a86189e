#include "edit/command.h"

namespace acuate {
namespace {

Result<void> apply(Edit& edit, std::span<const Token> arguments) {
  if (!edit.context().apply_pass) return fail("passes cannot be run from here");
  // Passes read the types of values.
  edit.refresh_types();
  auto done = edit.context().apply_pass(edit.model(), arguments[0].text);
  if (!done) return edit.blame(arguments[0], done.error());
  if (!done->empty()) edit.note(*std::move(done));
  return {};
}

}  // namespace

void register_edit_apply(EditCommandRegistry& registry) {
  registry.add({"apply", "apply PASS", "apply fold-constants",
                "Runs one simplification pass; `acuate passes` lists them.", 1, 1, apply});
}

}  // namespace acuate
