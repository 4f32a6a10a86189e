#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "edit/declare.h"
#include "edit/sweep.h"

namespace acuate {
namespace {

Result<Value*> single_data_input(const Node& node) {
  Value* data = nullptr;
  for (size_t slot = 0; slot < node.input_count(); ++slot) {
    Value* input = node.input(slot);
    if (input == nullptr || input->is_constant()) continue;
    if (input->producer != nullptr && input->producer->is_op("Constant")) continue;
    if (data != nullptr && data != input)
      return fail("it reads both '{}' and '{}'; expected one input that is not constant",
                  to_valid_utf8(data->name), to_valid_utf8(input->name));
    data = input;
  }
  if (data == nullptr) return fail("all of its inputs are constant; there is nothing to pass on");
  return data;
}

Result<Value*> single_used_output(const Node& node) {
  Value* used = nullptr;
  for (Value* output : node.outputs()) {
    if (output == nullptr || output->is_unused()) continue;
    if (used != nullptr)
      return fail("its outputs '{}' and '{}' are both used; expected one",
                  to_valid_utf8(used->name), to_valid_utf8(output->name));
    used = output;
  }
  if (used == nullptr) return fail("none of its outputs is used; delete-node removes it");
  return used;
}

// An output keeps its name, so the value that takes its place must be free to be renamed.
Result<void> check_output(const Value& output, const Value& data) {
  if (!output.is_output()) return {};
  if (data.graph == output.graph && data.producer != nullptr && !data.is_output()) return {};
  return fail("'{}' is an output, and '{}' in its place would be {}", to_valid_utf8(output.name),
              to_valid_utf8(data.name),
              data.is_output() ? "an output twice" : "an input or weight at the same time");
}

Result<void> bypass_node(Edit& edit, std::span<const Token> arguments) {
  auto resolved = resolve_node(edit.model(), arguments[0].text);
  if (!resolved) return edit.blame(arguments[0], resolved.error());
  Node& node = **resolved;
  auto data = single_data_input(node);
  if (!data) return edit.blame(arguments[0], data.error());
  auto output = single_used_output(node);
  if (!output) return edit.blame(arguments[0], output.error());
  edit.refresh_types();
  const ValueType &from = (*data)->type, &to = (*output)->type;
  const bool known = from.kind != ValueType::Kind::Unknown && to.kind != ValueType::Kind::Unknown;
  const bool same = known && to.shape && to.shape == from.shape;
  if (!known) edit.note("its types are not known and were not compared");
  if (known && !types_agree(to, from))
    return edit.blame(arguments[0], fail("it makes {} of {}; expected the same type on both sides",
                                         to.text(), from.text()));
  if (auto free = check_output(**output, **data); !free)
    return edit.blame(arguments[0], free.error());
  Graph& graph = node.graph();
  const bool is_output = (*output)->is_output();
  const std::string name((*output)->name);
  const ValueType type = to;
  graph.replace_uses(**output, **data);
  remove_nodes_and_sweep({&node});
  if (is_output) {
    graph.rename(**data, name);
    graph.set_type(**data, type);
  }
  if (!same) edit.types_changed();
  return {};
}

}  // namespace

void register_edit_bypass_node(EditCommandRegistry& registry) {
  registry.add({"bypass_node", "bypass-node NODE", "bypass-node dropout_3",
                "Removes a node and gives its only data input to whoever read its output. Refused "
                "where input and output differ in type or shape. Constants that served only it go.",
                1, 1, bypass_node});
}

}  // namespace acuate
