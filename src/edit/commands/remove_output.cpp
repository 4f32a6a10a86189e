#include <algorithm>

#include "base/text.h"
#include "edit/command.h"

namespace acuate {
namespace {

Result<void> remove_output(Edit& edit, std::span<const Token> arguments) {
  Graph& graph = edit.model().graph();
  std::vector<Value*> kept;
  std::vector<std::string> names;
  for (Value* output : graph.outputs()) {
    names.push_back(to_valid_utf8(output->name));
    if (output->name != arguments[0].text && names.back() != arguments[0].text)
      kept.push_back(output);
  }
  if (kept.size() == names.size())
    return edit.blame(arguments[0], fail("there is no output '{}'; there are: {}",
                                         to_valid_utf8(arguments[0].text), join(names, ", ")));
  if (kept.empty())
    return edit.blame(arguments[0], fail("'{}' is the only output, and a model needs one; add "
                                         "another first (add-output)",
                                         names[0]));
  graph.set_outputs(kept);
  return {};
}

}  // namespace

void register_edit_remove_output(EditCommandRegistry& registry) {
  registry.add(
      {"remove_output", "remove-output OUTPUT", "remove-output scores",
       "Takes a value out of the model's outputs; the nodes that compute it stay. The last "
       "output cannot go.",
       1, 1, remove_output});
}

}  // namespace acuate
