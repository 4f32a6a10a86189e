#include "edit/address.h"
#include "edit/command.h"
#include "graph/verify.h"

namespace acuate {
namespace {

Result<void> sort_nodes(Edit& edit, std::span<const Token>) {
  Model& model = edit.model();
  size_t moved = 0;
  for (Graph* graph : model.all_graphs()) {
    const std::vector<Node*> before = graph->nodes();
    if (!graph->sort_topologically()) {
      for (const ModelIssue& issue : verify(model))
        if (issue.id == "cycle") return fail("{}; set-input cuts it", issue.message);
      return fail("the nodes cannot be put in order");
    }
    const Node* node = graph->first();
    for (size_t i = 0; i < before.size(); ++i, node = node->next()) moved += before[i] != node;
  }
  edit.note(moved == 0 ? "all nodes stood in order"
                       : fmt::format("{} nodes stand in another place", moved));
  // What was read before it was computed has no type yet.
  if (moved > 0) edit.types_changed();
  return {};
}

}  // namespace

void register_edit_sort_nodes(EditCommandRegistry& registry) {
  registry.add({"sort_nodes", "sort-nodes", "sort-nodes",
                "Puts the nodes of every graph in an order in which each reads only what was "
                "computed before, as ONNX wants them; those that stand so already keep their "
                "places as far as they can. Refused where nodes lie on a cycle.",
                0, 0, sort_nodes});
}

}  // namespace acuate
