#include "edit/session.h"

#include <algorithm>

#include "base/text.h"
#include "edit/consistency.h"
#include "graph/verify.h"

namespace acuate {

EditSession::EditSession(std::unique_ptr<Model> model, EditContext context)
    : context_(std::move(context)),
      history_(std::move(model), ModelHistory::Undo::Yes),
      edit_(history_, context_),
      applied_(history_.mark()) {}

void EditSession::go_to(const ModelHistory::Mark& mark, const Edit::State& state) {
  if (mark.models != history_.mark().models) edit_.forget_shapes();
  history_.undo_to(mark);
  edit_.go_back(state);
  applied_ = mark;
  applied_state_ = state;
}

// Leaves applied_ where it is, so that it is forgotten before anything else happens.
void EditSession::infer_types() { edit_.finish_types(); }

// From applied_, where it leaves the model on failure.
Result<void> EditSession::run_step(const Script& script, Journal& added) {
  const ModelHistory::Mark before = applied_;
  const Edit::State state_before = applied_state_;
  go_to(before, state_before);
  added.clear();
  Result<void> done;
  try {
    done = run_script(edit_, script, added);
    if (done) check_invariants(history_.model());
  } catch (...) {
    go_to(before, state_before);
    throw;
  }
  if (!done) {
    go_to(before, state_before);
    return done;
  }
  applied_ = history_.mark();
  applied_state_ = edit_.state();
  infer_types();
  return {};
}

Result<Journal> EditSession::apply(const Script& script) {
  Journal added;
  if (script.lines.empty()) return added;
  const Step step{journal_.size(), applied_, applied_state_};
  Result<void> done = run_step(script, added);
  const auto is_new = [&](const Node* node) { return contradictory_.count(node) == 0; };
  auto contradictory = done ? contradictions(edit_) : contradictory_;
  if (std::any_of(contradictory.begin(), contradictory.end(), is_new)) {
    // Perhaps it was so before: that is asked on a copy of the model as it was.
    go_to(step.before, step.state_before);
    done = check_consistent(history_.model(), script, context_);
    if (done) done = run_step(script, added);
    if (done) contradictory = contradictions(edit_);
  }
  if (!done) {
    infer_types();
    return done.error();
  }
  contradictory_ = std::move(contradictory);
  steps_.push_back(step);
  for (JournalEntry& entry : added) {
    entry.line = journal_.size() + 1;
    journal_.push_back(entry);
  }
  return added;
}

Result<Journal> EditSession::run(std::string_view text, std::string_view name) {
  const auto script = parse_script(text, name);
  if (!script) return script.error();
  auto added = apply(*script);
  if (added && !added->empty()) undone_.clear();
  return added;
}

Result<void> EditSession::undo() {
  if (steps_.empty()) return fail("there is nothing to undo");
  const Step step = steps_.back();
  steps_.pop_back();
  undone_.push_back(lines_from(step.first_entry));
  journal_.resize(step.first_entry);
  go_to(step.before, step.state_before);
  infer_types();
  contradictory_ = contradictions(edit_);
  return {};
}

size_t EditSession::inferred_nodes() const {
  return edit_.shapes() != nullptr ? edit_.shapes()->inferred_nodes() : 0;
}

Result<void> EditSession::redo() {
  if (undone_.empty()) return fail("there is nothing to redo");
  const auto script = parse_script(undone_.back());
  if (!script) return script.error();
  if (auto again = apply(*script); !again) return again.error();
  undone_.pop_back();
  return {};
}

std::string EditSession::lines_from(size_t first_entry) const {
  std::string out;
  for (size_t i = first_entry; i < journal_.size(); ++i) out += journal_[i].command + "\n";
  return out;
}

}  // namespace acuate
