#include "edit/command.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/consistency.h"
#include "graph/verify.h"

namespace acuate {
namespace {

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

void loosen_types(Graph& graph, bool keep_ranks) {
  graph.clear_inferred_types();
  for (Value* output : graph.outputs())
    if (!output->is_input) loosen_type(*output, keep_ranks);
  const bool is_body = graph.owner() != nullptr || graph.function() != nullptr;
  if (!is_body) return;
  for (Value* input : graph.inputs()) loosen_type(*input, keep_ranks);
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

// A message about a word of a gigabyte need not repeat it.
std::string shortened(const std::string& message) {
  constexpr size_t kLongest = 2'000;
  if (message.size() <= kLongest) return message;
  return to_valid_utf8(message.substr(0, kLongest)) +
         fmt::format("… ({} bytes more)", message.size() - kLongest);
}

Result<void> run_command(Edit& edit, const ScriptLine& line) {
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

Edit::Edit(ModelHistory& history, const EditContext& context)
    : history_(history), context_(context), output_ranks_(output_ranks(history.model())) {}

void Edit::replace_model(std::unique_ptr<Model> model) {
  forget_shapes();
  history_.replace(std::move(model));
  sorted_.clear();
  state_ = {true, true, Loosened::No, state_.checks};
}

void Edit::shapes_changed() { loosen(Loosened::Numbers); }
void Edit::types_changed() { loosen(Loosened::All); }

void Edit::loosen(Loosened to) {
  // Nothing was declared or inferred since the last time.
  if (state_.stale && state_.changed && state_.loosened >= to) return;
  state_ = {true, true, std::max(to, state_.loosened), state_.checks};
  for (Graph* graph : model().all_graphs()) loosen_types(*graph, to == Loosened::Numbers);
}

void Edit::refresh_types() {
  if (!state_.stale || !context_.infer) return;
  if (shapes_ == nullptr) {
    shapes_ = std::make_unique<ShapeInference>(model());
  } else {
    // What outputs declare was declared by commands, or by the model where none touched them.
    for (Value* output : model().graph().outputs())
      if (output->producer != nullptr) model().note_change(*output);
    shapes_->update();
  }
  state_.stale = false;
}

void Edit::finish_types() {
  if (!has_changed_types()) return;
  refresh_types();
  if (context_.infer) restore_ranks(model(), output_ranks_);
}

bool Edit::is_sorted(const Graph& graph) {
  if (sorted_.count(&graph) != 0) return true;
  if (!graph.is_sorted()) return false;
  sorted_.insert(&graph);
  return true;
}

void Edit::begin_line() {
  blamed_column_ = 0;
  notes_.clear();
}

Result<void> Edit::run_checks() const {
  for (const auto& check : checks_)
    if (auto holds = check(); !holds) return holds;
  return {};
}

void Edit::go_back(const State& state) {
  ACUATE_CHECK(state.checks <= checks_.size(), "the state lies ahead");
  checks_.resize(state.checks);
  sorted_.clear();
  state_ = state;
}

Result<void> run_line(Edit& edit, const Script& script, const ScriptLine& line, Journal& journal) {
  edit.begin_line();
  if (auto done = run_command(edit, line); !done) {
    const size_t column = edit.blamed_column() != 0 ? edit.blamed_column() : line.column;
    return fail("{}: {}: {}", script_position(script, line.line, column),
                shortened(to_valid_utf8(line.command)), shortened(done.error().message));
  }
  journal.push_back({line.line, format_command(line.command, line.arguments), edit.take_notes()});
  return {};
}

Result<void> run_script(Edit& edit, const Script& script, Journal& journal) {
  for (const ScriptLine& line : script.lines)
    if (auto done = run_line(edit, script, line, journal); !done) return done;
  if (auto holds = edit.run_checks(); !holds)
    return fail("{}at the end of the script: {}", script.name.empty() ? "" : script.name + ": ",
                shortened(holds.error().message));
  return {};
}

Result<std::unique_ptr<Model>> apply_script(const Model& model, const Script& script,
                                            const EditContext& context, Journal* journal) {
  ModelHistory history(model.clone(), ModelHistory::Undo::No);
  Edit edit(history, context);
  Journal entries;
  if (auto done = run_script(edit, script, entries); !done) return done.error();
  edit.finish_types();
  if (!contradictions(edit).empty())
    if (auto fits = check_consistent(model, script, context); !fits) return fits.error();
  if (!script.lines.empty()) check_invariants(history.model());
  if (journal != nullptr) *journal = std::move(entries);
  return history.release();
}

Result<std::unique_ptr<Model>> apply_script(const Model& model, std::string_view script_text,
                                            const EditContext& context, Journal* journal) {
  auto script = parse_script(script_text);
  if (!script) return script.error();
  return apply_script(model, *script, context, journal);
}

}  // namespace acuate
