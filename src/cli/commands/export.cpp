#include <filesystem>

#include "cli/command.h"
#include "cli/console.h"
#include "export/exporter.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

struct Flags {
  fs::path artifact;
  ExportOptions options;
  std::map<std::string, fs::path> outputs;  // by exporter
};

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("DIR", flags->artifact, "folder that `acuate convert` wrote")->required();
  for (const Exporter& exporter : exporters().all())
    app.add_option("--" + to_kebab_case(exporter.id), flags->outputs[exporter.id], exporter.summary)
        ->type_name("FOLDER");
  app.add_option("--name", flags->options.name, "of the model there; the artifact's own without it")
      ->type_name("NAME");
  app.add_option("--eval", flags->options.eval,
                 "evaluation spec whose decoder is served behind the network; then the outputs are "
                 "detections, or text")
      ->type_name("SPEC");
  app.add_option("--data", flags->options.data,
                 "with --acuity: samples on which it is compared what the toolkit computes")
      ->type_name("DATA");
  auto console = Console::declare(app);
  return [flags, console]() -> Result<int> {
    bool is_asked = false;
    flags->options.note = console->note();
    for (const auto& [id, output] : flags->outputs) {
      if (output.empty()) continue;
      is_asked = true;
      const Exporter* exporter = exporters().lookup(id);
      if (auto done = export_artifact(flags->artifact, *exporter, output, flags->options); !done)
        return done.error();
      console->print(fmt::format("Written to {}\n", output.string()));
    }
    if (!is_asked) {
      std::vector<std::string> ways;
      for (const Exporter& exporter : exporters().all())
        ways.push_back("--" + to_kebab_case(exporter.id) + " FOLDER");
      return fail("say how to hand it over: {}", join(ways, ", "));
    }
    return kDone;
  };
}

}  // namespace

void register_cli_export(CliCommandRegistry& registry) {
  registry.add({.id = "export",
                .summary = "hand a converted model over to another program",
                .examples =
                    "  acuate export out/ --triton model_repository/\n"
                    "  acuate export out/ --triton repository/ --name detector --eval spec.yaml",
                .declare = declare});
}

}  // namespace acuate
