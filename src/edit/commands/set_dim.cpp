#include <algorithm>
#include <set>

#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "edit/input_dims.h"

namespace acuate {
namespace {

// Whether a dimension of that name was there.
bool replace_dim(Value& value, std::string_view name, const Dim& dim) {
  if (!value.type.shape) return false;
  ValueType type = value.type;
  bool found = false;
  for (Dim& old : *type.shape)
    if (!old.is_known() && old.name == name) {
      old = dim;
      found = true;
    }
  if (found) value.graph->set_type(value, std::move(type));
  return found;
}

std::vector<std::string> dim_names(const Model& model) {
  std::set<std::string> names;
  for (const Value* input : model.graph().inputs())
    if (input->type.shape)
      for (const Dim& dim : *input->type.shape)
        if (!dim.is_known() && !dim.name.empty()) names.insert(to_valid_utf8(dim.name));
  return {names.begin(), names.end()};
}

Result<void> set_dim(Edit& edit, std::span<const Token> arguments) {
  Model& model = edit.model();
  auto dim = parse_dim(model, arguments[1].text);
  if (!dim) return edit.blame(arguments[1], dim.error());
  const std::string name = arguments[0].text;
  const auto names = dim_names(model);
  bool found = false;
  for (Value* input : model.graph().inputs()) found |= replace_dim(*input, name, *dim);
  if (!found)
    return edit.blame(arguments[0],
                      fail("no input has a dimension '{}'; there are: {}", to_valid_utf8(name),
                           names.empty() ? "none" : join(names, ", ")));
  edit.shapes_changed();
  // One name is one number everywhere in a model.
  for (Graph* graph : model.all_graphs()) {
    for (Value* output : graph->outputs()) replace_dim(*output, name, *dim);
    if (graph->owner() != nullptr)
      for (Value* input : graph->inputs()) replace_dim(*input, name, *dim);
  }
  return {};
}

}  // namespace

void register_edit_set_dim(EditCommandRegistry& registry) {
  registry.add({"set_dim", "set-dim NAME DIM", "set-dim batch 1",
                "Gives every dimension called NAME a number, or another name, in all inputs and "
                "outputs. Refused where no input has it.",
                2, 2, set_dim});
}

}  // namespace acuate
