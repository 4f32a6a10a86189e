#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "edit/declare.h"
#include "edit/sweep.h"

namespace acuate {
namespace {

Result<std::vector<Value*>> main_values(Edit& edit, std::span<const Token> tokens) {
  std::vector<Value*> values;
  for (const Token& token : tokens) {
    auto value = resolve_value(edit.model(), token.text);
    if (!value) return edit.blame(token, value.error());
    if ((*value)->graph != &edit.model().graph())
      return edit.blame(token, fail("'{}' does not stand in the main graph; expected a value of it",
                                    value_path(**value)));
    if (std::find(values.begin(), values.end(), *value) != values.end())
      return edit.blame(token, fail("found '{}' twice", value_path(**value)));
    if (auto type = type_for_outside(edit, **value); !type) return edit.blame(token, type.error());
    values.push_back(*value);
  }
  return values;
}

// Inputs of the model that the outputs need beside those that are to be the new ones.
Result<void> check_complete(const Graph& graph, const std::unordered_set<const Node*>& needed,
                            const std::vector<Value*>& outputs,
                            const std::unordered_set<const Value*>& inputs) {
  std::unordered_set<const Value*> read(outputs.begin(), outputs.end());
  for (const Node* node : needed)
    for (const Value* value : values_read(*node)) read.insert(value);
  std::vector<std::string> missing;
  for (const Value* input : graph.inputs())
    if (!input->initializer && inputs.count(input) == 0 && read.count(input) != 0)
      missing.push_back("'" + to_valid_utf8(input->name) + "'");
  if (missing.empty()) return {};
  return fail("the outputs need {}, too; name it among the inputs, or values behind it",
              join(missing, ", "));
}

// Gives the value, which a node computes, free to be an input.
void detach(Value& value) {
  if (Node* producer = value.producer) {
    // Another output of the node may be needed; an unnamed one in between may not be allowed.
    Graph& graph = *value.graph;
    Value* unused = graph.add_value(graph.unused_name(std::string(value.name) + "_unused"));
    producer->set_output(value.output_slot, unused);
  }
  if (value.initializer) value.graph->remove_initializer(value);
}

Result<void> extract(Edit& edit, std::span<const Token> arguments) {
  const auto arrow = std::find_if(arguments.begin(), arguments.end(), [](const Token& token) {
    return !token.quoted && token.text == "->";
  });
  if (arrow == arguments.end() || arrow + 1 == arguments.end())
    return fail("found no '->' with outputs behind it; expected extract INPUT… -> OUTPUT…");
  auto inputs = main_values(edit, {arguments.begin(), arrow});
  if (!inputs) return inputs.error();
  auto outputs = main_values(edit, {arrow + 1, arguments.end()});
  if (!outputs) return outputs.error();
  Graph& graph = edit.model().graph();
  if (inputs->empty()) *inputs = graph.inputs();
  const std::unordered_set<const Value*> boundary(inputs->begin(), inputs->end());
  for (size_t i = 0; i < outputs->size(); ++i)
    if (boundary.count((*outputs)[i]) != 0 || (*outputs)[i]->producer == nullptr)
      return edit.blame(arrow[1 + static_cast<ptrdiff_t>(i)],
                        fail("'{}' would not be computed by a node; expected a value behind the "
                             "inputs",
                             value_path(*(*outputs)[i])));
  const auto needed = nodes_needed(graph, *outputs, boundary);
  if (auto complete = check_complete(graph, needed, *outputs, boundary); !complete) return complete;
  graph.set_outputs(*outputs);
  for (Value* output : *outputs) graph.set_type(*output, ValueType(output->type));
  const std::vector<Value*> old_inputs = graph.inputs();
  std::vector<std::pair<Value*, ValueType>> fresh;
  for (Value* input : *inputs)
    if (!input->is_input) {
      fresh.emplace_back(input, input->type);
      detach(*input);
    }
  // The old inputs stay listed until what nothing reads is dropped.
  std::vector<Value*> all = *inputs;
  for (Value* old : old_inputs)
    if (boundary.count(old) == 0) all.push_back(old);
  graph.set_inputs(all);
  for (auto& [input, type] : fresh) graph.set_type(*input, std::move(type));
  const Dropped dropped = drop_unneeded(graph, needed);
  edit.note(fmt::format("kept {} nodes, removed {}{}", needed.size(), dropped.nodes,
                        dropped.inputs.empty() ? ""
                                               : "; inputs that nothing reads: " +
                                                     to_valid_utf8(join(dropped.inputs, ", "))));
  edit.types_changed();
  return {};
}

}  // namespace

void register_edit_extract(EditCommandRegistry& registry) {
  registry.add(
      {"extract", "extract INPUT… -> OUTPUT…", "extract backbone_out -> boxes scores",
       "Keeps what computes the OUTPUTs from the INPUTs, values of the main graph, which become "
       "the outputs and inputs of the model with their inferred types; all else goes, INPUTs that "
       "nothing reads included. Without INPUTs those of the model stay. Refused where the OUTPUTs "
       "need an input that is not named.",
       2, 4096, extract});
}

}  // namespace acuate
