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

Result<std::vector<Value*>> cut_values(Edit& edit, std::span<const Token> arguments) {
  std::vector<Value*> cuts;
  for (const Token& token : arguments) {
    auto value = resolve_value(edit.model(), token.text);
    if (!value) return edit.blame(token, value.error());
    if ((*value)->graph != &edit.model().graph() || (*value)->producer == nullptr)
      return edit.blame(token, fail("'{}' is not computed by a node of the main graph; expected a "
                                    "value that is",
                                    value_path(**value)));
    if (std::find(cuts.begin(), cuts.end(), *value) != cuts.end())
      return edit.blame(token, fail("found '{}' twice", value_path(**value)));
    if (auto type = type_for_outside(edit, **value); !type) return edit.blame(token, type.error());
    cuts.push_back(*value);
  }
  return cuts;
}

// Values of the graph that follow from these.
std::unordered_set<const Value*> values_behind(const Graph& graph,
                                               const std::vector<Value*>& cuts) {
  std::unordered_set<const Value*> behind;
  std::vector<const Value*> open(cuts.begin(), cuts.end());
  std::unordered_set<const Node*> seen;
  while (!open.empty()) {
    const Value* value = open.back();
    open.pop_back();
    for (const Use& use : value->uses()) {
      const Node* user = holder_in(graph, use.node);
      if (user == nullptr || !seen.insert(user).second) continue;
      for (const Value* output : user->outputs())
        if (output != nullptr && behind.insert(output).second) open.push_back(output);
    }
  }
  return behind;
}

Result<void> cut_at(Edit& edit, std::span<const Token> arguments) {
  auto cuts = cut_values(edit, arguments);
  if (!cuts) return cuts.error();
  Graph& graph = edit.model().graph();
  const auto behind = values_behind(graph, *cuts);
  std::vector<Value*> outputs;
  std::vector<std::string> lost;
  size_t place = std::string::npos;  // of the first output that goes
  for (Value* output : graph.outputs()) {
    const bool is_cut = std::find(cuts->begin(), cuts->end(), output) != cuts->end();
    const bool goes = !is_cut && behind.count(output) != 0;
    if (goes) lost.push_back("'" + to_valid_utf8(output->name) + "'");
    if (goes) place = std::min(place, outputs.size());
    if (!goes) outputs.push_back(output);
  }
  std::vector<Value*> added;
  for (Value* cut : *cuts)
    if (!cut->is_output()) added.push_back(cut);
  const auto at = outputs.begin() + static_cast<ptrdiff_t>(std::min(place, outputs.size()));
  outputs.insert(at, added.begin(), added.end());
  graph.set_outputs(outputs);
  for (Value* cut : added) graph.set_type(*cut, ValueType(cut->type));
  const Dropped dropped = drop_unneeded(graph, nodes_needed(graph, outputs));
  edit.note(fmt::format(
      "removed {} nodes{}{}", dropped.nodes, lost.empty() ? "" : "; outputs: " + join(lost, ", "),
      dropped.inputs.empty() ? "" : "; inputs: " + to_valid_utf8(join(dropped.inputs, ", "))));
  edit.values_added();
  return {};
}

}  // namespace

void register_edit_cut_at(EditCommandRegistry& registry) {
  registry.add(
      {"cut_at", "cut-at VALUE…", "cut-at conv_out scores_raw",
       "Ends the model at these values: they become outputs, in place of the outputs that follow "
       "from them; other outputs stay. Nodes, constants and inputs that no output needs any more "
       "go.",
       1, 4096, cut_at});
}

}  // namespace acuate
