#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "edit/new_value.h"

namespace acuate {
namespace {

Result<void> rename_value(Edit& edit, std::span<const Token> arguments) {
  auto resolved = resolve_value(edit.model(), arguments[0].text);
  if (!resolved) return edit.blame(arguments[0], resolved.error());
  Value& value = **resolved;
  const std::string& name = arguments[1].text;
  if (name.empty()) return edit.blame(arguments[1], fail("found an empty name; expected one"));
  if (value.name == name) return {};
  if (value.is_sparse_initializer)
    return edit.blame(arguments[0], fail("'{}' is a sparse initializer, whose name is kept as it "
                                         "came; expected another value",
                                         to_valid_utf8(value.name)));
  if (const Value* taken = value_around(*value.graph, name))
    return edit.blame(arguments[1], fail("found the name '{}', which the value '{}' has; expected "
                                         "one that is free",
                                         to_valid_utf8(name), value_path(*taken)));
  value.graph->rename(value, name);
  return {};
}

}  // namespace

void register_edit_rename_value(EditCommandRegistry& registry) {
  registry.add(
      {"rename_value", "rename-value VALUE NAME", "rename-value p2o.output.0 boxes",
       "Renames an input, an output, a weight or an inner value wherever it is used, bodies "
       "of control flow included. The name must be free there.",
       2, 2, rename_value});
}

}  // namespace acuate
