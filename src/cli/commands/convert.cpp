#include "convert/convert.h"

#include "cli/command.h"
#include "cli/console.h"
#include "cli/convert_flags.h"
#include "report/writer.h"

namespace acuate {
namespace {

Action declare(CLI::App& app) {
  auto flags = std::make_shared<ConvertFlags>();
  flags->declare(app);
  auto console = Console::declare(app);
  return [flags, console]() -> Result<int> {
    auto given = flags->options();
    if (!given) return given.error();
    ConvertOptions& options = *given;
    options.progress = console->progress();
    options.note = console->note();
    auto conversion = convert(options);
    if (!conversion) return conversion.error();
    console->print(render_terminal(conversion->report, {.colour = console->colour()}));
    const std::vector<std::string>& files = conversion->files;
    console->print(fmt::format(
        "\nWritten to {}: manifest.json, report.html, report.json, {}", conversion->output.string(),
        files.size() == 1 ? files[0] : fmt::format("modules/ ({} files)", files.size())));
    for (const std::string& sentence : conversion->unmet)
      console->print("Required condition failed: " + sentence);
    if (auto written = console->write_json_text(render_json(conversion->report)); !written)
      return written.error();
    return conversion->unmet.empty() ? kDone : kConditionFailed;
  };
}

}  // namespace

void register_cli_convert(CliCommandRegistry& registry) {
  registry.add(
      {.id = "convert",
       .summary = "convert a model for a target, with proof: the main job",
       .examples = "  acuate convert model.onnx -o out --target onnxruntime --shape x=1x3x640x640\n"
                   "  acuate convert detector.onnx -o out --precision int8 --data pages/ "
                   "--preprocess ppocr-det \\\n"
                   "      --eval pages.yaml --max-drop text-box-f1=0.05\n"
                   "  acuate convert my.models:build -o out --samples data.py:images    (PyTorch)",
       .declare = declare});
}

}  // namespace acuate
