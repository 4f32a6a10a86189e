#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "edit/sweep.h"

namespace acuate {
namespace {

// The node and all of its graph that need it, directly or through others, in stored order.
std::vector<Node*> with_dependents(Node& node) {
  const Graph& graph = node.graph();
  std::vector<Node*> found{&node};
  std::unordered_set<const Node*> seen{&node};
  for (size_t i = 0; i < found.size(); ++i)
    for (const Value* output : found[i]->outputs()) {
      if (output == nullptr) continue;
      for (const Use& use : output->uses())
        if (Node* user = holder_in(graph, use.node); user && seen.insert(user).second)
          found.push_back(user);
    }
  std::ranges::sort(found, [](const Node* a, const Node* b) { return a->precedes(*b); });
  return found;
}

// Takes the outputs that these nodes compute from the model.
Result<void> drop_outputs(Edit& edit, Graph& graph, const std::vector<Node*>& nodes) {
  std::unordered_set<const Value*> goes;
  for (const Node* node : nodes)
    for (const Value* output : node->outputs())
      if (output != nullptr && output->is_output()) goes.insert(output);
  if (goes.empty()) return {};
  std::vector<Value*> kept;
  std::vector<std::string> lost;
  for (Value* output : graph.outputs())
    if (goes.count(output) != 0)
      lost.push_back("'" + to_valid_utf8(output->name) + "'");
    else
      kept.push_back(output);
  const std::string names = join(lost, ", ");
  if (graph.owner() != nullptr)
    return fail(
        "{} would be missing in the body of '{}', whose outputs must stay; delete that "
        "node instead",
        names, node_path(*graph.owner()));
  if (kept.empty())
    return fail("all outputs of the model would go ({}); add another one first (add-output)",
                names);
  graph.set_outputs(kept);
  edit.note(fmt::format("outputs removed: {}", names));
  return {};
}

Result<void> refuse_if_used(const Node& node) {
  for (const Value* output : node.outputs()) {
    if (output == nullptr || output->is_unused()) continue;
    const std::string user =
        output->uses().empty() ? "is an output of the graph"
                               : fmt::format("is read by '{}'", node_path(*output->uses()[0].node));
    return fail(
        "its output '{}' {}; use --with-children to delete what depends on it, or "
        "bypass-node to keep it",
        to_valid_utf8(output->name), user);
  }
  return {};
}

Result<void> delete_node(Edit& edit, std::span<const Token> arguments) {
  auto node = resolve_node(edit.model(), arguments[0].text);
  if (!node) return edit.blame(arguments[0], node.error());
  if (arguments.size() == 2 && arguments[1].text != "--with-children")
    return edit.blame(arguments[1], fail("found '{}'; expected --with-children or nothing",
                                         to_valid_utf8(arguments[1].text)));
  Graph& graph = (*node)->graph();
  if (arguments.size() == 1)
    if (auto unused = refuse_if_used(**node); !unused)
      return edit.blame(arguments[0], unused.error());
  const std::vector<Node*> doomed = with_dependents(**node);
  if (auto dropped = drop_outputs(edit, graph, doomed); !dropped)
    return edit.blame(arguments[0], dropped.error());
  const size_t swept = remove_nodes_and_sweep(doomed);
  if (doomed.size() + swept > 1)
    edit.note(fmt::format("deleted {} nodes that depended on it and {} that nothing needs any more",
                          doomed.size() - 1, swept));
  return {};
}

}  // namespace

void register_edit_delete_node(EditCommandRegistry& registry) {
  registry.add({"delete_node", "delete-node NODE [--with-children]",
                "delete-node @scores --with-children",
                "Deletes a node whose outputs nobody uses; with `--with-children` all nodes that "
                "depend on it, too, and the outputs of the model that they compute. Constants and "
                "nodes that served only these go with them.",
                1, 2, delete_node});
}

}  // namespace acuate
