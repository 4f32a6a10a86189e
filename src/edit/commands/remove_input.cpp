#include <algorithm>

#include "base/text.h"
#include "edit/address.h"
#include "edit/body_interface.h"
#include "edit/command.h"

namespace acuate {
namespace {

Result<Value*> input_called(Model& model, const std::string& path) {
  auto value = resolve_value(model, path);
  if (value && (*value)->is_input) return value;
  std::vector<std::string> names;
  const Graph& graph = value ? *(*value)->graph : model.graph();
  for (const Value* input : graph.inputs()) names.push_back(to_valid_utf8(input->name));
  return fail("there is no input '{}'; there are: {}", to_valid_utf8(path),
              names.empty() ? "none" : join(names, ", "));
}

Result<void> remove_input(Edit& edit, std::span<const Token> arguments) {
  auto found = input_called(edit.model(), arguments[0].text);
  if (!found) return edit.blame(arguments[0], found.error());
  Value& value = **found;
  Graph& graph = *value.graph;
  if (!value.initializer && !value.is_unused()) {
    const std::string user = value.uses().empty()
                                 ? "is an output, too"
                                 : "is read by '" + node_path(*value.uses()[0].node) + "'";
    return edit.blame(
        arguments[0],
        fail("'{}' {}; give it a constant value first (add-initializer), or delete what needs it",
             value_path(value), user));
  }
  if (value.initializer && edit.model().ir_version() < 4)
    return edit.blame(arguments[0],
                      fail("in IR version {} every constant is an input; expected 4 or newer",
                           edit.model().ir_version()));
  std::vector<Value*> inputs = graph.inputs();
  const auto slot =
      static_cast<size_t>(std::find(inputs.begin(), inputs.end(), &value) - inputs.begin());
  if (graph.function() != nullptr)
    if (auto dropped = drop_operand_of_calls(graph, slot); !dropped)
      return edit.blame(arguments[0], dropped.error());
  std::erase(inputs, &value);
  graph.set_inputs(inputs);
  watch_body(edit, graph);
  if (value.initializer)
    edit.types_changed();
  else
    graph.remove_value(value);
  return {};
}

}  // namespace

void register_edit_remove_input(EditCommandRegistry& registry) {
  registry.add({"remove_input", "remove-input INPUT", "remove-input mask",
                "Removes an input that nothing reads, or makes one with a default value a "
                "constant. Of functions, too, whose calls no longer hand it in, and of the bodies "
                "of Loop and Scan; a body must fit its node when the script is done.",
                1, 1, remove_input});
}

}  // namespace acuate
