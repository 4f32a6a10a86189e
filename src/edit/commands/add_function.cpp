#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/command.h"
#include "edit/data_files.h"
#include "edit/model_argument.h"

namespace acuate {
namespace {

// Nodes that call it go by its name, so that they call the new one from now on.
void take_place(Model& model, const Function& theirs) {
  for (const Function& mine : model.functions())
    if (mine.domain == theirs.domain && mine.name == theirs.name &&
        mine.overload == theirs.overload) {
      model.remove_function(mine);
      break;
    }
  copy_function(theirs, model);
}

Result<void> add_function(Edit& edit, std::span<const Token> arguments) {
  auto source = read_model_argument(edit, arguments[0]);
  if (!source) return edit.blame(arguments[0], source.error());
  if ((*source)->functions().empty())
    return edit.blame(arguments[0], fail("it has no function; expected a model with some"));
  Model& model = edit.model();
  if (auto apart = keep_data_files_apart(**source, model); !apart)
    return edit.blame(arguments[0], apart.error());
  model.keep_storage_of(**source);
  std::vector<std::string> names;
  for (const Function& function : (*source)->functions()) {
    names.push_back(fmt::format("{}.{}", function.domain, function.name));
    take_place(model, function);
  }
  for (const OpsetImport& import : (*source)->opset_imports())
    if (!import.domain.empty() && model.opset_version(import.domain) == 0)
      model.set_opset(import.domain, import.version);
  edit.note("functions: " + to_valid_utf8(join(names, ", ")));
  edit.types_changed();
  return {};
}

}  // namespace

void register_edit_add_function(EditCommandRegistry& registry) {
  registry.add(
      {"add_function", "add-function GRAPH",
       R"(add-function text:"<ir_version: 8, opset_import: [\"\" : 17]> g () => () {} <domain: \"local\", opset_import: [\"\" : 17]> twice (x) => (y) { y = Add (x, x) }")",
       "Takes all local functions of another model, GRAPH as for replace-node, whose main graph is "
       "not looked at. One of a name that the model has already takes the place of that one.",
       1, 1, add_function});
}

}  // namespace acuate
