#include <cctype>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/models.h"
#include "edit/diff_script.h"
#include "onnx_io/import.h"
#include "report/display.h"
#include "shape/infer.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;

struct Flags {
  fs::path a, b;
  bool all = false;
  std::string script;
};

// A folder for weights while it is not known whether there will be a script.
class Staging {
 public:
  explicit Staging(fs::path folder) : folder_(std::move(folder)) {}
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
};

// `FILE.weights`, as a word of the script that needs no quotes.
std::string weights_folder(const fs::path& script) {
  std::string name = script.filename().string() + ".weights";
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '-') c = '_';
  return name;
}

Result<void> move_weights(const fs::path& from, const fs::path& to) {
  std::error_code code;
  fs::remove_all(to, code);
  if (!code && fs::exists(from)) fs::rename(from, to, code);
  if (code) return fail("cannot write the folder {}: {}", to.string(), code.message());
  return {};
}

Result<void> save_script(const DiffScript& script, const fs::path& path, const fs::path& staged) {
  if (auto moved = move_weights(staged, path.parent_path() / staged.filename()); !moved)
    return moved;
  return write_text_file(path, script.text);
}

Result<void> write_script(const Flags& flags, const Model& a, const Model& b,
                          const Console& console) {
  const bool to_stdout = flags.script == "-";
  const fs::path path = flags.script;
  if (!to_stdout)
    if (auto usable = check_output_file(path); !usable) return usable.error();
  const Staging staging(to_stdout ? fs::path() : fs::path(flags.script + ".partial"));
  const std::string weights = to_stdout ? "" : weights_folder(path);
  auto script = write_diff_script(a, b, default_edit_context(staging.folder()), weights);
  if (!script) return script.error();
  if (!script->left.empty()) {
    std::vector<std::string> lines;
    for (const std::string& line : script->left) lines.push_back("  " + printable(line));
    return fail(
        "no script is written, since edit commands cannot make all of it{}; what would be "
        "left:\n{}",
        to_stdout ? " (or only with files: --script FILE)" : "", join(lines, "\n"));
  }
  std::string notes;
  for (const std::string& note : script->notes) notes += "# " + note + "\n";
  script->text = notes + script->text;
  if (!to_stdout) return save_script(*script, path, staging.folder() / weights);
  console.print(script->text);
  return {};
}

Result<int> run(const Flags& flags, const Console& console) {
  auto a = import_model(flags.a);
  if (!a) return a.error();
  auto b = import_model(flags.b);
  if (!b) return b.error();
  const ModelDiff diff = diff_models(**a, **b, {[](Model& model) { infer_shapes(model); }});
  if (!flags.script.empty())
    if (auto written = write_script(flags, **a, **b, console); !written) return written.error();
  if (flags.script != "-")
    for (const std::string& line : to_lines(diff, flags.all)) console.print(printable(line));
  if (auto written = console.write_json_text(to_json(diff)); !written) return written.error();
  return diff.empty() ? kDone : kConditionFailed;
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("A", flags->a, "ONNX model, valid or not")->required();
  app.add_option("B", flags->b, "ONNX model to compare it with")->required();
  app.add_flag("--all", flags->all, "shorten no list and no value");
  app.add_option("--script", flags->script,
                 "write the edit script that makes B of A; its large weights go beside it")
      ->type_name("FILE|-");
  auto console = Console::declare(app);
  return [flags, console] { return run(*flags, *console); };
}

}  // namespace

void register_cli_diff(CliCommandRegistry& registry) {
  registry.add({.id = "diff",
                .summary = "what another model has otherwise; exit status 1 where they differ",
                .examples = "  acuate diff model.onnx edited.onnx\n"
                            "  acuate diff model.onnx edited.onnx --json -\n"
                            "  acuate diff model.onnx edited.onnx --script edits.acu",
                .declare = declare});
}

}  // namespace acuate
