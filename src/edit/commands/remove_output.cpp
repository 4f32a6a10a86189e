#include <algorithm>

#include "base/text.h"
#include "edit/address.h"
#include "edit/body_interface.h"
#include "edit/command.h"

namespace acuate {
namespace {

// An output of the graph that the path leads to, by its name there: it may be a value of an outer
// graph, or one that nothing defines.
Result<void> remove_output(Edit& edit, std::span<const Token> arguments) {
  const Place place = place_of_new(edit.model(), arguments[0].text);
  Graph& graph = *place.graph;
  std::vector<Value*> kept;
  std::vector<std::string> names;
  for (Value* output : graph.outputs()) {
    names.push_back(to_valid_utf8(output->name));
    const bool stays = output->name != place.name && names.back() != place.name;
    if (stays) kept.push_back(output);
  }
  if (kept.size() == names.size())
    return edit.blame(arguments[0], fail("there is no output '{}'; there are: {}",
                                         to_valid_utf8(arguments[0].text), join(names, ", ")));
  if (kept.empty())
    return edit.blame(arguments[0], fail("'{}' is the only output, and {} needs one; add "
                                         "another first (add-output)",
                                         names[0], graph_text(graph)));
  if (graph.function() != nullptr)
    for (size_t slot = names.size(); slot-- > 0;)
      if (std::find(kept.begin(), kept.end(), graph.outputs()[slot]) == kept.end())
        if (auto dropped = drop_output_of_calls(graph, slot); !dropped)
          return edit.blame(arguments[0], dropped.error());
  graph.set_outputs(kept);
  edit.types_declared();
  watch_body(edit, graph);
  return {};
}

}  // namespace

void register_edit_remove_output(EditCommandRegistry& registry) {
  registry.add(
      {"remove_output", "remove-output OUTPUT", "remove-output scores",
       "Takes a value out of the outputs of the model, of a function or of a body; the nodes that "
       "compute it stay. The last output cannot go, nor one of a function that a call uses; a body "
       "must fit its node when the script is done.",
       1, 1, remove_output});
}

}  // namespace acuate
