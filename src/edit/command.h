#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/registry.h"
#include "base/result.h"
#include "edit/script.h"
#include "graph/model.h"

namespace acuate {

// What commands need of the rooms below this one; each may be empty.
struct EditContext {
  // Writes the types of all values from those of inputs and initializers.
  std::function<void(Model&)> infer;
  // Runs the pass and says in a sentence what it did.
  std::function<Result<std::string>(Model&, std::string_view pass_id)> apply_pass;
  // Files that a script names lie in this folder or below it; empty: it may name none.
  std::filesystem::path folder;
  // Reads an array of NumPy.
  std::function<Result<Tensor>(const std::filesystem::path&)> read_npy;
};

// What a command works on while a script runs.
class Edit {
 public:
  Edit(std::unique_ptr<Model>& model, const EditContext& context)
      : model_(model), context_(context) {}

  Model& model() const { return *model_; }
  // Another model takes its place, where a change cannot be made in the one there is; pointers into
  // the old one end.
  void replace_model(std::unique_ptr<Model> model) { model_ = std::move(model); }
  const EditContext& context() const { return context_; }

  // Inputs got other dimensions: types of inner values go, and outputs keep rank and names but no
  // numbers.
  void shapes_changed();
  // Values may have another rank or element type from now on: outputs keep no shape at all.
  void types_changed();
  // There are values whose types are to be inferred; those that are known stay.
  void values_added() { stale_ = changed_ = true; }
  // Infers types unless that was done and nothing changed since.
  void refresh_types();
  bool has_changed_types() const { return changed_; }

  // What only has to hold when the script is done, where commands build something up together.
  void check_at_end(std::function<Result<void>()> check) { checks_.push_back(std::move(check)); }
  Result<void> run_checks();  // now, and forgets them

  // For the journal: what the command did beyond its words.
  void note(std::string text) { notes_.push_back(std::move(text)); }
  std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }

  // `error`, to be reported at this argument instead of at the command.
  Error blame(const Token& argument, Error error) {
    blamed_column_ = argument.column;
    return error;
  }
  size_t blamed_column() const { return blamed_column_; }

 private:
  void loosen(bool keep_ranks);

  std::unique_ptr<Model>& model_;
  const EditContext& context_;
  std::vector<std::string> notes_;
  std::vector<std::function<Result<void>()>> checks_;
  size_t blamed_column_ = 0;
  bool stale_ = true;     // not inferred since the last change, or never
  bool changed_ = false;  // by a command
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

// The model with all commands done, or nothing at all: the given one is never changed. An empty
// script gives a copy that is written back byte for byte. Errors name line and column, what was
// found and what was expected.
Result<std::unique_ptr<Model>> apply_script(const Model& model, const Script& script,
                                            const EditContext& context, Journal* journal = nullptr);

// The same from text.
Result<std::unique_ptr<Model>> apply_script(const Model& model, std::string_view script_text,
                                            const EditContext& context, Journal* journal = nullptr);

}  // namespace acuate
