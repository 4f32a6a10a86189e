#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/registry.h"
#include "base/result.h"
#include "edit/history.h"
#include "edit/script.h"
#include "graph/model.h"
#include "shape/inference.h"

namespace acuate {

// What commands need of the rooms below this one; each may be empty.
struct EditContext {
  // Types are inferred from those of inputs and initializers, once for the model and then for what
  // commands reach; a script that makes the model contradict itself is refused.
  bool infer = false;
  // Runs the pass and says in a sentence what it did; `shapes` are those of the model, or null.
  std::function<Result<std::string>(Model&, std::string_view pass_id, ShapeInference* shapes)>
      apply_pass;
  // Files that a script names lie in this folder or below it; empty: it may name none.
  std::filesystem::path folder;
  // Reads an array of NumPy.
  std::function<Result<Tensor>(const std::filesystem::path&)> read_npy;
};

// What a command works on while a script runs.
class Edit {
 public:
  Edit(ModelHistory& history, const EditContext& context);

  Model& model() const { return history_.model(); }
  // For what cannot be done in place: `model` takes the place of the model, which stays as it is
  // until the script is done. Undone like every other change.
  void replace_model(std::unique_ptr<Model> model);
  const EditContext& context() const { return context_; }

  // Inputs got other dimensions: types of inner values go, and outputs keep rank and names but no
  // numbers.
  void shapes_changed();
  // Values may have another rank or element type from now on: outputs keep no shape at all.
  void types_changed();
  // A value was declared, or one that is declared stands among inner ones now: the next change of
  // types looks at all of them again.
  void types_declared() { state_.loosened = Loosened::No; }
  // There are values whose types are to be inferred; those that are known stay.
  void values_added() { state_.stale = state_.changed = true; }
  // Infers types unless that was done and nothing changed since.
  void refresh_types();
  // Of the model after refresh_types(); null where types are not inferred.
  ShapeInference* shapes() const { return shapes_.get(); }
  void forget_shapes() { shapes_.reset(); }  // before the model goes
  bool has_changed_types() const { return state_.changed; }
  // When the script is done: infers types where a command changed any; an output of which nothing
  // can be inferred keeps the rank that it had before the first command.
  void finish_types();

  // What only has to hold when the script is done, where commands build something up together.
  void check_at_end(std::function<Result<void>()> check) {
    checks_.push_back(std::move(check));
    ++state_.checks;
  }
  Result<void> run_checks() const;  // all of them, now

  // Whether producers stand before users in the graph; looked for once, since commands keep it so.
  bool is_sorted(const Graph& graph);

  // How far declared types were loosened.
  enum class Loosened { No, Numbers, All };
  // What the commands so far leave behind besides the model.
  struct State {
    bool stale = true;     // types were not inferred since the last change, or never
    bool changed = false;  // by a command
    Loosened loosened = Loosened::No;
    size_t checks = 0;  // for the end of the script
  };
  const State& state() const { return state_; }
  void go_back(const State& state);  // to one that it had

  // For the journal: what the command did beyond its words.
  void note(std::string text) { notes_.push_back(std::move(text)); }
  std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }

  // `error`, to be reported at this argument instead of at the command.
  Error blame(const Token& argument, Error error) {
    blamed_column_ = argument.column;
    return error;
  }
  size_t blamed_column() const { return blamed_column_; }
  void begin_line();

 private:
  void loosen(Loosened to);

  ModelHistory& history_;
  const EditContext& context_;
  std::unique_ptr<ShapeInference> shapes_;
  std::unordered_map<const Value*, size_t> output_ranks_;  // of the main graph, at the beginning
  std::unordered_set<const Graph*> sorted_;                // found to be so
  std::vector<std::string> notes_;
  std::vector<std::function<Result<void>()>> checks_;
  size_t blamed_column_ = 0;
  State state_;
};

// A verb of the edit script. The number of arguments is checked before `run`; flags begin with
// `--`.
struct EditCommand {
  std::string id;
  std::string usage;    // `set-dim NAME SIZE`
  std::string example;  // a line of a script
  std::string doc;      // what it does and what it refuses
  size_t min_arguments = 0;
  size_t max_arguments = 0;
  std::function<Result<void>(Edit&, std::span<const Token>)> run;
};
using EditCommandRegistry = Registry<EditCommand>;

void register_all_commands(EditCommandRegistry& registry);
const EditCommandRegistry& edit_commands();

struct JournalEntry {
  size_t line = 0;
  std::string command;  // as format_command writes it
  std::vector<std::string> notes;
};
using Journal = std::vector<JournalEntry>;

// Runs one line. Errors name its place.
Result<void> run_line(Edit& edit, const Script& script, const ScriptLine& line, Journal& journal);

// Runs the lines and checks what they leave. Where one fails the model may be half changed: the
// caller drops it or goes back.
Result<void> run_script(Edit& edit, const Script& script, Journal& journal);

// The model with all commands done, or nothing at all: the given one is never changed. An empty
// script gives a copy that is written back byte for byte. Errors name line and column, what was
// found and what was expected.
Result<std::unique_ptr<Model>> apply_script(const Model& model, const Script& script,
                                            const EditContext& context, Journal* journal = nullptr);

// The same from text.
Result<std::unique_ptr<Model>> apply_script(const Model& model, std::string_view script_text,
                                            const EditContext& context, Journal* journal = nullptr);

}  // namespace acuate
