#include "diagnose/fix.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "cli/models.h"
#include "convert/float_model.h"
#include "diagnose/diagnose.h"
#include "diagnose/legalize.h"
#include "report/display.h"
#include "report/writer.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

struct Flags {
  ConvertOptions options;  // model, output, data, preprocess
  ShapeFlags shapes;
  fs::path script;
  std::string target;
};

std::string script_text(const Flags& flags, const std::vector<std::string>& edits) {
  std::string text =
      fmt::format("# Edits that make {} of {}\n", flags.options.output.filename().string(),
                  flags.options.model.filename().string());
  for (const std::string& line : edits) text += line + "\n";
  return text;
}

// Replaces what the target does not take by what it takes; the findings that remain. Nothing where
// no target is asked.
Result<std::vector<Finding>> fix_for_target(const Flags& flags, FixedModel& fixed) {
  if (flags.target.empty()) return std::vector<Finding>{};
  auto target = resolve_target(flags.target);
  if (!target) return target.error();
  auto legal = legalize(*fixed.model, *target);
  if (!legal) return legal.error();
  fixed.model = std::move(legal->model);
  fixed.edits.insert(fixed.edits.end(), legal->edits.begin(), legal->edits.end());
  DiagnoseOptions options;
  options.fix.evaluate = default_pass_context().evaluate;
  return diagnose(*fixed.model, *target, options);
}

Result<int> run(Flags& flags, const Console& console) {
  auto fix_options = flags.shapes.parse();
  if (!fix_options) return fix_options.error();
  flags.options.fix = std::move(*fix_options);
  const fs::path output = flags.options.output;
  const fs::path script = flags.script.empty() ? fs::path(output.string() + ".acu") : flags.script;
  for (const fs::path& file : {output, script})
    if (auto free = check_output_file(file); !free) return free.error();
  auto engine = resolve_target("auto");
  if (!engine) return engine.error();
  auto model = open_valid_model(flags.options.model);
  if (!model) return model.error();
  auto samples = open_samples(flags.options);
  if (!samples) return samples.error();
  auto fixed = fix_for(**model, flags.options, *engine, *samples);
  if (!fixed) return fixed.error();
  auto again = fix(*fixed->model, {.shapes = {}, .dims = {}, .evaluate = fixed->options.evaluate});
  if (!again) return again.error();
  auto findings = fix_for_target(flags, *fixed);
  if (!findings) return findings.error();
  if (auto saved = save_with_text(*fixed->model, output, script_text(flags, fixed->edits), script);
      !saved)
    return saved.error();

  nlohmann::ordered_json json = {{"output", output.string()},
                                 {"script", script.string()},
                                 {"edits", fixed->edits},
                                 {"still_dynamic", nlohmann::ordered_json::array()},
                                 {"findings", findings_json(*findings)}};
  console.print(fmt::format(
      "{} and {}: {}", output.string(), script.string(),
      fixed->edits.empty() ? "nothing was changed; give --shape, --dim, --data or --target"
                           : format_plural(static_cast<int64_t>(fixed->edits.size()), "edit")));
  for (const std::string& edit : fixed->edits) console.print("  " + printable(edit));
  if (!again->still_dynamic.empty()) console.print("Still dynamic:");
  constexpr size_t kShown = 10;
  for (size_t i = 0; i < again->still_dynamic.size(); ++i) {
    const StillDynamic& value = again->still_dynamic[i];
    json["still_dynamic"].push_back({{"value", value.value},
                                     {"type", value.type},
                                     {"source", value.source},
                                     {"chain", value.chain}});
    if (i < kShown)
      console.print(printable(fmt::format("  {} {} because of {} ({})", value.value, value.type,
                                          value.source, value.chain)));
  }
  if (again->still_dynamic.size() > kShown)
    console.print(fmt::format("  … {} more", again->still_dynamic.size() - kShown));
  if (!flags.target.empty())
    console.print(render_findings(*findings, {.colour = console.colour()}));
  if (auto written = console.write_json(json); !written) return written.error();
  return kDone;
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->options.model, "ONNX model")->required();
  app.add_option("-o,--output", flags->options.output, "file for the fixed model")
      ->required()
      ->type_name("OUT");
  flags->shapes.declare(app);
  app.add_option("--target", flags->target,
                 "replace operators that this target lacks; tell what it still refuses");
  app.add_option("--script", flags->script, "file for the edit script; else OUT.acu");
  app.add_option("--data", flags->options.data, "samples from which shapes are proposed")
      ->type_name("DATA");
  app.add_option("--preprocess", flags->options.preprocess,
                 "how an image becomes the input: a preset or a YAML file");
  auto console = Console::declare(app);
  return [flags, console] { return run(*flags, *console); };
}

}  // namespace

void register_cli_fix(CliCommandRegistry& registry) {
  registry.add({.id = "fix",
                .summary = "give a model the static shapes and operators that a target wants",
                .examples = "  acuate fix model.onnx -o fixed.onnx --shape x=1x3x640x640\n"
                            "  acuate fix model.onnx -o fixed.onnx --dim batch=1 --target vsi-npu\n"
                            "  acuate edit model.onnx fixed.onnx.acu -o same.onnx",
                .declare = declare});
}

}  // namespace acuate
