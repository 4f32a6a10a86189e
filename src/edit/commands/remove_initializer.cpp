#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"

namespace acuate {
namespace {

Result<void> remove_initializer(Edit& edit, std::span<const Token> arguments) {
  auto resolved = resolve_value(edit.model(), arguments[0].text);
  if (!resolved) return edit.blame(arguments[0], resolved.error());
  Value& value = **resolved;
  const std::string path = value_path(value);
  if (!value.initializer)
    return edit.blame(arguments[0], fail("'{}' is no initializer; expected one", path));
  if (value.is_input) {
    value.graph->remove_initializer(value);
    edit.note("the input has no default value any more");
    return {};
  }
  if (!value.is_unused()) {
    const std::string user = value.uses().empty()
                                 ? "is an output of the graph"
                                 : "is read by '" + node_path(*value.uses()[0].node) + "'";
    return edit.blame(arguments[0], fail("'{}' {}; let that read another value first (set-input), "
                                         "or make it an input (add-input)",
                                         path, user));
  }
  value.graph->remove_initializer(value);
  value.graph->remove_value(value);
  return {};
}

}  // namespace

void register_edit_remove_initializer(EditCommandRegistry& registry) {
  registry.add({"remove_initializer", "remove-initializer NAME", "remove-initializer old_scale",
                "Removes a constant that nothing reads, or the default value of an input, which "
                "callers must feed then.",
                1, 1, remove_initializer});
}

}  // namespace acuate
