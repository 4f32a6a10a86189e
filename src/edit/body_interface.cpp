#include "edit/body_interface.h"

#include <fmt/format.h>

#include "base/text.h"
#include "edit/address.h"

namespace acuate {
namespace {

struct Counts {
  size_t inputs = 0, outputs = 0;
};

// What the node's own inputs and outputs ask of its bodies; nothing for other operators.
std::optional<Counts> expected_counts(const Node& node) {
  const size_t inputs = node.input_count(), outputs = node.outputs().size();
  if (node.is_op("If")) return Counts{0, outputs};
  if (node.is_op("Loop")) return Counts{std::max<size_t>(inputs, 2), outputs + 1};
  const bool has_lengths = node.graph().model().opset_version() < 9;  // Scan-8: sequence_lens
  if (node.is_op("Scan")) return Counts{inputs - (has_lengths && inputs > 0 ? 1 : 0), outputs};
  return std::nullopt;
}

Result<void> check(const Node& node) {
  const auto expected = expected_counts(node);
  if (node.is_removed() || !expected) return {};
  for (const Attribute& attribute : node.attributes())
    for (const auto& body : attribute.graphs) {
      const Counts found{body->inputs().size(), body->outputs().size()};
      if (found.inputs == expected->inputs && found.outputs == expected->outputs) continue;
      return fail(
          "{} of '{}' has {} inputs and {} outputs; the node asks for {} and {} (set-input, "
          "set-output, add-input, add-output change either)",
          to_valid_utf8(attribute.name), node_path(node), found.inputs, found.outputs,
          expected->inputs, expected->outputs);
    }
  return {};
}

}  // namespace

void watch_body(Edit& edit, const Graph& graph) {
  if (const Node* owner = graph.owner()) edit.check_at_end([owner] { return check(*owner); });
}

std::string graph_text(const Graph& graph) {
  if (const Node* owner = graph.owner()) return fmt::format("the body of '{}'", node_path(*owner));
  if (&graph == &graph.model().graph()) return "the model";
  for (const Function& function : graph.model().functions())
    if (function.body.get() == &graph)
      return fmt::format("function '{}'", to_valid_utf8(function.name));
  return "the graph";
}

}  // namespace acuate
