#include "edit/consistency.h"

#include <unordered_map>

#include "base/text.h"
#include "edit/history.h"

namespace acuate {
namespace {

std::string told_of(const ShapeInference& shapes, const Node& node) {
  for (const ModelIssue& issue : shapes.issues())
    if (issue.node == node.address()) return issue.message;
  return "";
}

}  // namespace

std::unordered_set<const Node*> contradictions(const Edit& edit) {
  if (edit.shapes() == nullptr || !edit.has_changed_types()) return {};
  const auto nodes = edit.shapes()->contradictory_nodes();
  return {nodes.begin(), nodes.end()};
}

Result<void> check_consistent(const Model& before, const Script& script,
                              const EditContext& context) {
  ModelHistory history(before.clone(), ModelHistory::Undo::No);
  Edit edit(history, context);
  edit.refresh_types();
  const auto nodes = edit.shapes()->contradictory_nodes();
  std::unordered_set<const Node*> old(nodes.begin(), nodes.end());
  std::unordered_set<std::string> old_addresses;  // for a command that exchanges the whole model
  for (const Node* node : nodes) old_addresses.insert(node->address());
  std::unordered_map<const Node*, const ScriptLine*> since;
  Journal ignored;
  for (const ScriptLine& line : script.lines) {
    const Model* const model = &edit.model();
    if (auto done = run_line(edit, script, line, ignored); !done) return done;
    edit.refresh_types();
    std::unordered_map<const Node*, const ScriptLine*> still;
    for (const Node* node : edit.shapes()->contradictory_nodes()) {
      if (&edit.model() != model && old_addresses.count(node->address()) > 0) old.insert(node);
      if (old.count(node) > 0) continue;
      const auto earlier = since.find(node);
      still.emplace(node, earlier != since.end() ? earlier->second : &line);
    }
    since = std::move(still);
  }
  const Node* first = nullptr;
  for (const Node* node : edit.shapes()->contradictory_nodes())
    if (const auto found = since.find(node);
        found != since.end() && (first == nullptr || found->second < since.at(first)))
      first = node;
  if (first == nullptr) return {};
  const ScriptLine& line = *since.at(first);
  return fail("{}: {}: the model would contradict itself: {}",
              script_position(script, line.line, line.column), to_valid_utf8(line.command),
              told_of(*edit.shapes(), *first));
}

}  // namespace acuate
