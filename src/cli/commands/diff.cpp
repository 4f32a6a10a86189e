#include "edit/diff.h"

#include "cli/command.h"
#include "cli/console.h"
#include "cli/models.h"
#include "onnx_io/import.h"
#include "report/display.h"

namespace acuate {
namespace {

struct Flags {
  std::filesystem::path a, b;
  bool all = false;
};

Result<int> run(const Flags& flags, const Console& console) {
  auto a = import_model(flags.a);
  if (!a) return a.error();
  auto b = import_model(flags.b);
  if (!b) return b.error();
  const ModelDiff diff = diff_models(**a, **b, {default_edit_context().infer});
  for (const std::string& line : to_lines(diff, flags.all)) console.print(printable(line));
  if (auto written = console.write_json_text(to_json(diff)); !written) return written.error();
  return diff.empty() ? kDone : kConditionFailed;
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("A", flags->a, "ONNX model, valid or not")->required();
  app.add_option("B", flags->b, "ONNX model to compare it with")->required();
  app.add_flag("--all", flags->all, "shorten no list and no value");
  auto console = Console::declare(app);
  return [flags, console] { return run(*flags, *console); };
}

}  // namespace

void register_cli_diff(CliCommandRegistry& registry) {
  registry.add({.id = "diff",
                .summary = "what another model has otherwise; exit status 1 where they differ",
                .examples = "  acuate diff model.onnx edited.onnx\n"
                            "  acuate diff model.onnx edited.onnx --json -",
                .declare = declare});
}

}  // namespace acuate
