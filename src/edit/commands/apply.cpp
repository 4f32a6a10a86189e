#include <limits>

#include "edit/address.h"
#include "edit/command.h"

namespace acuate {
namespace {

Result<void> apply(Edit& edit, std::span<const Token> arguments) {
  if (!edit.context().apply_pass) return fail("passes cannot be run from here");
  for (const Token& path : arguments.subspan(1))
    if (auto node = resolve_node(edit.model(), path.text); !node)
      return edit.blame(path, node.error());
  // Passes read the types of values.
  edit.refresh_types();
  const std::string words = arguments.size() == 1
                                ? arguments[0].text
                                : format_command(arguments[0].text, arguments.subspan(1));
  auto done = edit.context().apply_pass(edit.model(), words, edit.shapes());
  if (!done) return edit.blame(arguments[0], done.error());
  if (!done->empty()) edit.note(*std::move(done));
  return {};
}

}  // namespace

void register_edit_apply(EditCommandRegistry& registry) {
  registry.add({"apply", "apply PASS [NODE…]", "apply fold-constants",
                "Runs one simplification pass; `acuate passes` lists them. With nodes, a legalizer "
                "on these alone: each becomes simpler operators; one that it does not fit is an "
                "error.",
                1, std::numeric_limits<size_t>::max(), apply});
}

}  // namespace acuate
