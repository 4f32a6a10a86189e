#include "edit/diff.h"

#include "cli/command.h"
#include "cli/console.h"
#include "onnx_io/import.h"

namespace acuate {
namespace {

struct Flags {
  std::filesystem::path a, b;
};

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("A", flags->a, "ONNX model, valid or not")->required();
  app.add_option("B", flags->b, "ONNX model to compare it with")->required();
  auto console = Console::declare(app);
  return [flags, console]() -> Result<int> {
    auto a = import_model(flags->a);
    if (!a) return a.error();
    auto b = import_model(flags->b);
    if (!b) return b.error();
    auto diff = diff_models(**a, **b);
    if (!diff) return diff.error();
    console->print(to_text(*diff));
    if (auto written = console->write_json_text(to_json(*diff)); !written) return written.error();
    return diff->empty() ? kDone : kConditionFailed;
  };
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
