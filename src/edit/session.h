#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "edit/command.h"
#include "edit/history.h"

namespace acuate {

// A model that is open for editing. What run() applied is one step, which undo() takes back
// exactly, whatever it was: the model is again what it was before, down to the bytes that it is
// written as.
class EditSession {
 public:
  EditSession(std::unique_ptr<Model> model, EditContext context);
  EditSession(const EditSession&) = delete;
  EditSession& operator=(const EditSession&) = delete;

  // As it stands; types are inferred once a command changed any, until then as declared. Not to be
  // changed from outside; another object after an undo or a command that exchanges the whole model.
  const Model& model() const { return history_.model(); }

  // Applies the commands whole or not at all; the entries that this added to the journal. Text
  // without a command is no step. Errors as of apply_script.
  Result<Journal> run(std::string_view text, std::string_view name = {});

  bool can_undo() const { return !steps_.empty(); }
  bool can_redo() const { return !undone_.empty(); }
  Result<void> undo();  // the last step
  Result<void> redo();  // runs the lines of the step that was undone last again

  bool has_inferred_types() const { return edit_.has_changed_types(); }
  // How often a node was inferred so far: what an edit reaches counts, not the size of the model.
  size_t inferred_nodes() const;

  // What is applied; `line` is that of script().
  const Journal& journal() const { return journal_; }
  // The journal's commands, a line each: from the model that the session began with, apply_script()
  // makes of them the same bytes as model() is written as.
  std::string script() const { return lines_from(0); }

 private:
  struct Step {
    size_t first_entry = 0;  // in the journal
    ModelHistory::Mark before;
    Edit::State state_before;
  };
  Result<Journal> apply(const Script& script);
  void go_to(const ModelHistory::Mark& mark, const Edit::State& state);
  void infer_types();
  Result<void> run_step(const Script& script, Journal& added);
  std::string lines_from(size_t first_entry) const;

  EditContext context_;
  ModelHistory history_;
  Edit edit_;
  // Before types were inferred for the viewer: the next step goes on from here, since a script
  // infers them only when it is done.
  ModelHistory::Mark applied_;
  Edit::State applied_state_;
  std::vector<Step> steps_;
  // What contradicted itself after the last step, and was there before a script of ours.
  std::unordered_set<const Node*> contradictory_;
  std::vector<std::string> undone_;  // their scripts, the last one undone at the end
  Journal journal_;
};

}  // namespace acuate
