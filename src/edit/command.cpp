#include "edit/command.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/address.h"
#include "graph/verify.h"

namespace acuate {
namespace {

bool has_inferred_types(const Graph& graph) {
  const auto values = graph.values();
  return std::any_of(values.begin(), values.end(), [](const Value* value) {
    return !value->is_input && !value->is_output() && !value->initializer &&
           value->type.kind != ValueType::Kind::Unknown;
  });
}

void loosen_type(Value& value, bool keep_rank) {
  if (value.type.kind != ValueType::Kind::Tensor || !value.type.shape || value.initializer) return;
  ValueType type = value.type;
  if (keep_rank) {
    for (Dim& dim : *type.shape) dim.value = -1;
  } else {
    type.shape.reset();
  }
  if (type.shape != value.type.shape) value.graph->set_type(value, std::move(type));
}

using Ranks = std::unordered_map<const Value*, size_t>;

// Of the main graph's outputs.
Ranks output_ranks(const Model& model) {
  Ranks ranks;
  for (const Value* output : model.graph().outputs())
    if (output->type.shape) ranks.emplace(output, output->type.shape->size());
  return ranks;
}

// ONNX asks for a shape in outputs: where none can be inferred the old rank stays, its dimensions
// unknown.
void restore_ranks(Model& model, const Ranks& ranks) {
  for (Value* output : model.graph().outputs()) {
    const auto rank = ranks.find(output);
    if (output->type.kind != ValueType::Kind::Tensor || output->type.shape || rank == ranks.end())
      continue;
    ValueType type = output->type;
    type.shape.emplace(rank->second);
    model.graph().set_type(*output, std::move(type));
  }
}

Result<void> run_line(Edit& edit, const ScriptLine& line) {
  const auto command = edit_commands().find(line.command, "edit command");
  if (!command) {
    std::vector<std::string> ids;
    for (const EditCommand& known : edit_commands().all()) ids.push_back(to_kebab_case(known.id));
    const auto close = closest_match(line.command, ids);
    return close ? fail("there is no edit command '{}'; did you mean '{}'?",
                        to_valid_utf8(line.command), *close)
                 : command.error();
  }
  const size_t count = line.arguments.size();
  if (count < (*command)->min_arguments || count > (*command)->max_arguments)
    return fail("found {} arguments of '{}'; expected: {}", count, line.command, (*command)->usage);
  return (*command)->run(edit, line.arguments);
}

}  // namespace

const EditCommandRegistry& edit_commands() {
  static const EditCommandRegistry kRegistry = [] {
    EditCommandRegistry registry;
    register_all_commands(registry);
    return registry;
  }();
  return kRegistry;
}

void Edit::shapes_changed() { loosen(true); }
void Edit::types_changed() { loosen(false); }

void Edit::loosen(bool keep_ranks) {
  stale_ = changed_ = true;
  for (Graph* graph : editable_graphs(*model_)) {
    const bool is_body = graph->owner() != nullptr;
    if (!is_body || has_inferred_types(*graph)) graph->clear_inferred_types();
    for (Value* output : graph->outputs())
      if (!output->is_input) loosen_type(*output, keep_ranks);
    if (!is_body) continue;
    for (Value* input : graph->inputs()) loosen_type(*input, keep_ranks);
  }
}

Result<void> Edit::run_checks() {
  for (const auto& check : std::exchange(checks_, {}))
    if (auto holds = check(); !holds) return holds;
  return {};
}

void Edit::refresh_types() {
  if (!stale_ || !context_.infer) return;
  context_.infer(*model_);
  stale_ = false;
}

Result<std::unique_ptr<Model>> apply_script(const Model& model, const Script& script,
                                            const EditContext& context, Journal* journal) {
  std::unique_ptr<Model> copy = model.clone();
  if (script.lines.empty()) return copy;
  Journal entries;
  Edit edit(copy, context);
  const Ranks ranks = output_ranks(*copy);
  for (const ScriptLine& line : script.lines) {
    if (auto done = run_line(edit, line); !done) {
      const size_t column = edit.blamed_column() != 0 ? edit.blamed_column() : line.column;
      return fail("{}: {}: {}", script_position(script, line.line, column),
                  to_valid_utf8(line.command), done.error().message);
    }
    entries.push_back({line.line, format_command(line.command, line.arguments), edit.take_notes()});
  }
  if (auto holds = edit.run_checks(); !holds)
    return fail("{}at the end of the script: {}", script.name.empty() ? "" : script.name + ": ",
                holds.error().message);
  if (edit.has_changed_types()) edit.refresh_types();
  if (edit.has_changed_types() && context.infer) restore_ranks(*copy, ranks);
  check_invariants(*copy);
  if (journal != nullptr) *journal = std::move(entries);
  return copy;
}

Result<std::unique_ptr<Model>> apply_script(const Model& model, std::string_view script_text,
                                            const EditContext& context, Journal* journal) {
  auto script = parse_script(script_text);
  if (!script) return script.error();
  return apply_script(model, *script, context, journal);
}

}  // namespace acuate
