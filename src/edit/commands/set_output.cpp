#include "base/text.h"
#include "edit/address.h"
#include "edit/body_interface.h"
#include "edit/command.h"
#include "edit/new_node.h"
#include "edit/new_value.h"
#include "onnx_io/authority.h"

namespace acuate {
namespace {

Result<void> set_output(Edit& edit, std::span<const Token> arguments) {
  auto resolved = resolve_node(edit.model(), arguments[0].text);
  if (!resolved) return edit.blame(arguments[0], resolved.error());
  Node& node = **resolved;
  const auto number = parse_int(arguments[1].text);
  const size_t count = node.outputs().size();
  if (!number || *number < 0 || static_cast<size_t>(*number) > count + 16)
    return edit.blame(arguments[1], fail("found '{}'; expected the number of an output, from 0",
                                         to_valid_utf8(arguments[1].text)));
  const auto slot = static_cast<size_t>(*number);
  Value* old = node.output(slot);
  const std::string& name = arguments[2].text;
  if (old != nullptr && !old->is_unused())
    return edit.blame(arguments[1], fail("output {} is '{}', which is in use; rename-value renames "
                                         "it",
                                         slot, value_path(*old)));
  Value* value = nullptr;
  if (!name.empty()) {
    auto found = undefined_value_at({&node.graph(), name});
    if (!found) return edit.blame(arguments[2], found.error());
    value = *found;
  }
  const bool was_refused = check_operator(edit.model(), node).has_value();
  node.set_output(slot, value);
  if (old != nullptr) old->graph->remove_value(*old);
  if (auto valid = check_edited(edit, node, was_refused); !valid)
    return edit.blame(arguments[1], valid.error());
  for (const Attribute& attribute : node.attributes())
    if (!attribute.graphs.empty()) watch_body(edit, *attribute.graphs[0]);
  edit.values_added();
  if (value != nullptr)
    if (auto ordered = keep_in_front(edit, *value); !ordered)
      return edit.blame(arguments[2], ordered.error());
  return {};
}

}  // namespace

void register_edit_set_output(EditCommandRegistry& registry) {
  registry.add(
      {"set_output", "set-output NODE SLOT NAME", "set-output max_pool_1 1 indices",
       "Gives a node a further output, or one that nobody uses another name; `\"\"` leaves it "
       "out. SLOT is its number from 0. NAME is free, or a value that is read and that nothing "
       "defines. Refused: what the operator's schema does not allow, an output in use.",
       3, 3, set_output});
}

}  // namespace acuate
