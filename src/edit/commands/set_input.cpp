#include <fmt/format.h>
#include <onnx/defs/schema.h>

#include "base/text.h"
#include "edit/address.h"
#include "edit/body_interface.h"
#include "edit/command.h"
#include "edit/new_node.h"
#include "onnx_io/authority.h"

namespace acuate {
namespace {

// A number from 0, or the operator's own name of the input: `W`.
Result<size_t> parse_slot(const Model& model, const Node& node, const std::string& text) {
  if (const auto number = parse_int(text)) {
    if (*number >= 0 && static_cast<size_t>(*number) <= node.input_count() + 16)
      return static_cast<size_t>(*number);
    return fail("found the input {}; '{}' has {}", *number, node_path(node), node.input_count());
  }
  std::vector<std::string> names;
  if (const onnx::OpSchema* schema = find_schema(model, node))
    for (const auto& input : schema->inputs()) {
      if (input.GetName() == text) return names.size();
      names.push_back(input.GetName());
    }
  return fail("{} has no input '{}'; expected a number from 0{}{}", to_valid_utf8(node.op_type()),
              to_valid_utf8(text), names.empty() ? "" : " or one of: ", join(names, ", "));
}

Result<void> set_input(Edit& edit, std::span<const Token> arguments) {
  Model& model = edit.model();
  auto resolved = resolve_node(model, arguments[0].text);
  if (!resolved) return edit.blame(arguments[0], resolved.error());
  Node& node = **resolved;
  auto slot = parse_slot(model, node, arguments[1].text);
  if (!slot) return edit.blame(arguments[1], slot.error());
  Value* value = nullptr;
  if (!arguments[2].text.empty()) {
    auto found = resolve_value(model, arguments[2].text);
    if (!found) return edit.blame(arguments[2], found.error());
    value = *found;
    if (auto visible = check_visible(*value, node.graph()); !visible)
      return edit.blame(arguments[2], visible.error());
  }
  const bool was_refused = check_operator(model, node).has_value();
  node.set_input(*slot, value);
  // Omitted inputs at the end are not written.
  size_t count = node.input_count();
  while (count > 0 && node.input(count - 1) == nullptr) --count;
  node.set_input_count(count);
  if (auto valid = check_edited(edit, node, was_refused); !valid)
    return edit.blame(arguments[1], valid.error());
  for (const Attribute& attribute : node.attributes())
    if (!attribute.graphs.empty()) watch_body(edit, *attribute.graphs[0]);
  edit.types_changed();
  if (value != nullptr)
    if (auto ordered = keep_in_front(edit, *value, node); !ordered)
      return edit.blame(arguments[2], ordered.error());
  return {};
}

}  // namespace

void register_edit_set_input(EditCommandRegistry& registry) {
  registry.add(
      {"set_input", "set-input NODE SLOT VALUE", "set-input resize_1 scales new_scales",
       "Lets a node read VALUE at an input: SLOT is its number from 0 or the name that the "
       "operator gives it; `\"\"` leaves an optional one out. Refused: what the operator's schema "
       "does not allow, a value that cannot be seen from there, a cycle.",
       3, 3, set_input});
}

}  // namespace acuate
