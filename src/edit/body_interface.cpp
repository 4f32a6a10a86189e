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

std::vector<Node*> calls_of(const Function& function) {
  std::vector<Node*> calls;
  for (Graph* graph : function.body->model().all_graphs())
    for (Node* node = graph->first(); node != nullptr; node = node->next())
      if (node->op_type() == function.name && node->domain() == function.domain &&
          node->overload() == function.overload)
        calls.push_back(node);
  return calls;
}

size_t count_of(const std::vector<Value*>& outputs) {
  size_t count = outputs.size();
  while (count > 0 && outputs[count - 1] == nullptr) --count;
  return count;
}

Result<void> check_calls(const Function& function) {
  const size_t inputs = function.body->inputs().size(), outputs = function.body->outputs().size();
  for (const Node* call : calls_of(function))
    if (call->input_count() > inputs || count_of(call->outputs()) > outputs)
      return fail(
          "'{}' calls {} with {} inputs and {} outputs, which has {} and {} (set-input, "
          "set-output, add-input, add-output change either)",
          node_path(*call), graph_text(*function.body), call->input_count(),
          count_of(call->outputs()), inputs, outputs);
  return {};
}

}  // namespace

Result<void> drop_operand_of_calls(const Graph& function_body, size_t slot) {
  for (Node* call : calls_of(*function_body.function())) {
    const size_t count = call->input_count();
    if (slot >= count) continue;
    for (size_t i = slot; i + 1 < count; ++i) call->set_input(i, call->input(i + 1));
    call->set_input_count(count - 1);
  }
  return {};
}

Result<void> drop_output_of_calls(const Graph& function_body, size_t slot) {
  const auto calls = calls_of(*function_body.function());
  for (const Node* call : calls)
    if (const Value* output = call->output(slot); output != nullptr && !output->is_unused())
      return fail("'{}' is in use; it is what the call '{}' takes there", value_path(*output),
                  node_path(*call));
  for (Node* call : calls) {
    const size_t count = call->outputs().size();
    if (slot >= count) continue;
    Value* dropped = call->output(slot);
    call->set_output(slot, nullptr);
    for (size_t i = slot; i + 1 < count; ++i) {
      Value* next = call->output(i + 1);
      call->set_output(i + 1, nullptr);
      if (next != nullptr) call->set_output(i, next);
    }
    if (dropped != nullptr) dropped->graph->remove_value(*dropped);
  }
  return {};
}

void watch_body(Edit& edit, const Graph& graph) {
  if (const Function* function = graph.function())
    edit.check_at_end([function] { return check_calls(*function); });
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
