#include <algorithm>

#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "edit/new_node.h"
#include "edit/sweep.h"

namespace acuate {
namespace {

// The reader that `--reader` names; null where it is not given.
Result<Node*> find_reader(Edit& edit, const NewNode& parsed, const Value& value) {
  const Token* token = parsed.flag("--reader");
  if (token == nullptr) return nullptr;
  auto reader = resolve_node(edit.model(), token->text);
  if (!reader) return edit.blame(*token, reader.error());
  const auto reads = [&](const Use& use) { return use.node == *reader; };
  if (std::none_of(value.uses().begin(), value.uses().end(), reads))
    return edit.blame(*token, fail("'{}' does not read '{}'; expected a node that does",
                                   node_path(**reader), value_path(value)));
  return reader;
}

Result<void> insert_node(Edit& edit, std::span<const Token> arguments) {
  constexpr std::string_view kFlags[] = {"--name", "--reader"};
  auto parsed = parse_new_node(edit, arguments, kFlags);
  if (!parsed) return parsed.error();
  if (parsed->inputs.empty() || parsed->inputs[0] == nullptr)
    return fail("found no input; expected the value on whose edge the node is inserted");
  Value& value = *parsed->inputs[0];
  auto reader = find_reader(edit, *parsed, value);
  if (!reader) return reader.error();
  if (value.is_unused())
    return edit.blame(arguments[1], fail("nothing reads '{}'; add-node adds a node behind it",
                                         value_path(value)));
  const std::vector<Use> uses = value.uses();
  auto added = add_new_node(edit, *parsed);
  if (!added) return added.error();
  Node& node = **added;
  Value& output = *node.output();
  if (output.graph != value.graph && *reader == nullptr)
    return fail("'{}' and '{}' stand in different graphs; name the one that reads it (--reader)",
                value_path(value), value_path(output));
  for (const Use& use : uses) {
    if (*reader != nullptr && use.node != *reader) continue;
    if (auto visible = check_visible(output, use.node->graph()); !visible) return visible;
    use.node->set_input(use.slot, &output);
  }
  if (*reader == nullptr && value.is_output()) {
    std::vector<Value*> outputs = value.graph->outputs();
    std::replace(outputs.begin(), outputs.end(), &value, &output);
    value.graph->set_outputs(outputs);
    edit.types_declared();
  }
  edit.types_changed();
  return keep_in_front(edit, output);
}

}  // namespace

void register_edit_insert_node(EditCommandRegistry& registry) {
  registry.add(
      {"insert_node",
       "insert-node OP VALUE INPUT… -> OUTPUT… [ATTR=VALUE…] [--reader NODE] [--name NAME]",
       "insert-node Cast scores -> scores_half to=10 --reader softmax",
       "Inserts a node on an edge: it reads VALUE, and whoever read VALUE reads its first OUTPUT "
       "instead, the outputs of the model included; with `--reader` only that node does. The rest "
       "is as for add-node.",
       4, 4096, insert_node});
}

}  // namespace acuate
