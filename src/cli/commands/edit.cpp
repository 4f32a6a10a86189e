#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/models.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "report/display.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

struct Flags {
  fs::path model, script, output, files;
};

// Files that a script names lie beside it unless the command line says where.
fs::path files_folder(const Flags& flags) {
  if (!flags.files.empty()) return flags.files;
  return flags.script.has_parent_path() ? flags.script.parent_path() : fs::path(".");
}

Result<int> run(const Flags& flags, const Console& console) {
  if (auto free = check_output_file(flags.output); !free) return free.error();
  auto model = import_model(flags.model);
  if (!model) return model.error();
  auto text = read_text_file(flags.script);
  if (!text) return text.error();
  auto script = parse_script(*text, flags.script.string());
  if (!script) return script.error();
  Journal journal;
  auto edited = apply_script(**model, *script, default_edit_context(files_folder(flags)), &journal);
  if (!edited) return edited.error();
  if (auto saved = save_model(**edited, flags.output); !saved) return saved.error();

  auto entries = nlohmann::ordered_json::array();
  for (const JournalEntry& entry : journal) {
    console.print(fmt::format("{}: {}", entry.line, printable(entry.command)));
    for (const std::string& note : entry.notes) console.print("    " + printable(note));
    entries.push_back({{"line", entry.line}, {"command", entry.command}, {"notes", entry.notes}});
  }
  console.print(fmt::format("{}: {}", flags.output.string(),
                            format_plural(static_cast<int64_t>(journal.size()), "edit")));
  const auto findings = model_findings(**edited);
  if (!findings.empty())
    console.print(fmt::format("The edited model is not valid ({}); `acuate inspect` tells why.",
                              format_plural(static_cast<int64_t>(findings.size()), "finding")));
  if (auto written = console.write_json(
          {{"output", flags.output.string()}, {"journal", entries}, {"findings", findings.size()}});
      !written)
    return written.error();
  return kDone;
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->model, "ONNX model, valid or not")->required();
  app.add_option("SCRIPT", flags->script,
                 "edit commands, one a line; an empty script changes no byte")
      ->required();
  app.add_option("-o,--output", flags->output, "file for the edited model")
      ->required()
      ->type_name("OUT");
  app.add_option("--files", flags->files,
                 "folder of the files that the script names (default: the script's own)")
      ->type_name("FOLDER");
  auto console = Console::declare(app);
  return [flags, console] { return run(*flags, *console); };
}

}  // namespace

void register_cli_edit(CliCommandRegistry& registry) {
  registry.add({.id = "edit",
                .summary = "apply an edit script to a model",
                .examples = "  acuate edit model.onnx edits.acu -o edited.onnx\n"
                            "  acuate explain set-shape      # what one edit command does",
                .declare = declare});
}

}  // namespace acuate
