#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "edit/match_graphs.h"

namespace acuate {
namespace {

// `domain.name:overload`, and how messages call a function.
Result<const Function*> function_called(const Model& model, const std::string& text) {
  std::vector<std::string> names;
  for (const Function& function : model.functions()) {
    names.push_back(function_key(function));
    if (names.back() == text) return &function;
  }
  return fail("there is no function '{}'; there are: {}", to_valid_utf8(text),
              names.empty() ? "none" : join(names, ", "));
}

const Function* function_around(const Graph* graph) {
  while (graph->owner() != nullptr) graph = &graph->owner()->graph();
  return graph->function();
}

Result<void> remove_function(Edit& edit, std::span<const Token> arguments) {
  Model& model = edit.model();
  std::unordered_set<std::string> names;
  std::vector<const Function*> doomed;
  for (const Token& argument : arguments) {
    auto function = function_called(model, argument.text);
    if (!function) return edit.blame(argument, function.error());
    if (names.insert(function_key(**function)).second) doomed.push_back(*function);
  }
  for (const Graph* graph : model.all_graphs()) {
    if (std::ranges::find(doomed, function_around(graph)) != doomed.end()) continue;
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      if (const std::string called = function_key(*node); names.count(called) != 0)
        return edit.blame(arguments[0], fail("'{}' calls the function '{}'; expected one that "
                                             "nothing calls",
                                             node_path(*node), called));
  }
  for (const Function* function : doomed) model.remove_function(*function);
  return {};
}

}  // namespace

void register_edit_remove_function(EditCommandRegistry& registry) {
  registry.add({"remove_function", "remove-function DOMAIN.NAME…", "remove-function local.twice",
                "Removes local functions; `:OVERLOAD` stands behind the name where there is one. "
                "Refused while a node that stays calls one of them.",
                1, 4096, remove_function});
}

}  // namespace acuate
