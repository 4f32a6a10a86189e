#include "report/report.h"

#include <filesystem>

#include "base/file.h"
#include "cli/command.h"
#include "cli/console.h"
#include "report/plots/plot_files.h"
#include "report/writer.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

struct Flags {
  fs::path artifact, html, plots;
};

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("DIR", flags->artifact, "folder that `acuate convert` wrote, or its report.json")
      ->required();
  app.add_option("--html", flags->html, "write the report as one self-contained page")
      ->type_name("FILE");
  app.add_option("--plots", flags->plots, "folder for the pictures of quantization (SVG)")
      ->type_name("DIR");
  auto console = Console::declare(app);
  return [flags, console]() -> Result<int> {
    std::error_code code;
    const bool is_folder = fs::is_directory(flags->artifact, code);
    const fs::path file = is_folder ? flags->artifact / "report.json" : flags->artifact;
    if (!fs::exists(file, code))
      return fail("{} does not exist; `acuate convert` writes it", file.string());
    auto text = read_text_file(file);
    if (!text) return text.error();
    auto report = parse_report(*text);
    if (!report) return fail("{}: {}", file.string(), report.error().message);
    console->print(render_terminal(*report, {.colour = console->colour()}));
    if (!flags->html.empty())
      if (auto written = write_text_file(flags->html, render_html(*report)); !written)
        return written.error();
    if (!flags->plots.empty()) {
      auto folder = create_plots_folder(flags->plots);
      if (!folder) return folder.error();
      if (auto written = write_plots(*report, std::move(*folder)); !written)
        return fail("{}: {}", file.string(), written.error().message);
    }
    if (auto written = console->write_json_text(render_json(*report)); !written)
      return written.error();
    return kDone;
  };
}

}  // namespace

void register_cli_report(CliCommandRegistry& registry) {
  registry.add({.id = "report",
                .summary = "show the report of a converted model",
                .examples = "  acuate report out/\n"
                            "  acuate report out/ --html report.html --plots pictures/",
                .declare = declare});
}

}  // namespace acuate
