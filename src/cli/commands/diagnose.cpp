#include "diagnose/diagnose.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "cli/models.h"
#include "cli/quantize_flags.h"
#include "convert/data_findings.h"
#include "convert/division.h"
#include "convert/report_parts.h"
#include "onnx_io/import.h"
#include "report/display.h"
#include "report/writer.h"

namespace acuate {
namespace {

struct Flags {
  ConvertOptions options;  // model, data, preprocess, costs
  ShapeFlags shapes;
  std::vector<std::string> targets;
};

void declare_flags(CLI::App& app, Flags& flags) {
  app.add_option("MODEL", flags.options.model, "ONNX model")->required();
  app.add_option("--target", flags.targets, "whose findings; `acuate targets` lists them")
      ->required()
      ->type_name("T[,T…]");
  flags.shapes.declare_with_ranges(app);
  declare_data_flags(app, flags.options);
  app.add_option(
         "--costs", flags.options.costs,
         "cost tables of target and host, by which times are predicted; `bench --calibrate`")
      ->type_name("FILE");
}

// `x=1x3x640x480`: what is given and what the model has; `?` where a dimension stays dynamic.
std::string shape_text(const Model& model, const std::string& input, const ShapeSpec& shape) {
  const Value* value = model.graph().find(input);
  std::vector<std::string> dims;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    std::string dim = shape[axis] ? std::to_string(*shape[axis]) : "?";
    if (!shape[axis] && value != nullptr && value->type.shape && axis < value->type.shape->size() &&
        (*value->type.shape)[axis].is_known())
      dim = std::to_string((*value->type.shape)[axis].value);
    dims.push_back(std::move(dim));
  }
  return input + "=" + join(dims, "x");
}

Result<DiagnoseOptions> diagnose_options(const Model& model, Flags& flags,
                                         const std::optional<Samples>& samples) {
  DiagnoseOptions options;
  auto fix = flags.shapes.parse();
  if (!fix) return fix.error();
  flags.options.fix = options.fix = std::move(*fix);
  if (samples) {
    auto proposals = propose_input_shapes(model, flags.options, *samples);
    if (!proposals) return proposals.error();
    if (!proposals->empty()) options.shapes_source = "proposed from the data";
    for (auto& [input, shape] : *proposals) options.fix.shapes[input] = std::move(shape.shape);
  }
  options.fix.evaluate = default_pass_context().evaluate;
  return options;
}

// What the data show is measured on the host's engine, the same for all targets.
Result<void> measure(const Model& model, const Flags& flags, Samples samples,
                     std::vector<Finding>& told) {
  auto engine = resolve_target(kHostEngine);
  if (!engine) return engine.error();
  return tell_data(model, flags.options, *engine, std::move(samples), told);
}

// What each way to divide the model would amount to, a line each; none where the target takes it
// whole or nothing of it.
std::vector<std::string> division_lines(const Diagnosis& diagnosis) {
  Division division;
  division.options = diagnosis.options;
  if (!division.options.empty()) division.counts = division.options.back().counts;
  const PartitionCounts& all = division.counts;
  if (all.nodes_on_target == 0 || (all.nodes_on_target == all.nodes_total && all.engines <= 1))
    return {};
  Report report;
  report_division(report, division);
  std::vector<std::string> lines;
  for (const ReportOption& option : report.coverage.options)
    lines.push_back(option_text(report, option));
  return lines;
}

struct AllTargets {
  std::vector<Finding> findings;
  std::vector<std::pair<std::string, std::vector<std::string>>> divisions;  // by target
};

// What is wrong with the model itself is told once, not for every target.
Result<AllTargets> diagnose_all(const Model& model, const std::vector<Target>& targets,
                                const Flags& flags, DiagnoseOptions options,
                                const Console& console) {
  AllTargets all;
  for (const Target& target : targets) {
    auto costs = read_partition_costs(flags.options.costs, target,
                                      [&](const std::string& text) { console.print(text); });
    if (!costs) return costs.error();
    options.costs = *costs ? &(*costs)->costs : nullptr;
    auto diagnosis = diagnose_and_divide(model, target, options);
    if (!diagnosis) return fail("target {}: {}", target.id, diagnosis.error().message);
    for (Finding& finding : diagnosis->findings)
      if (std::find(all.findings.begin(), all.findings.end(), finding) == all.findings.end())
        all.findings.push_back(std::move(finding));
    all.divisions.emplace_back(target.id, division_lines(*diagnosis));
  }
  return all;
}

Result<int> run(Flags& flags, const Console& console) {
  std::vector<Target> targets;
  std::vector<std::string> ids;
  for (const std::string& name : split_list(flags.targets)) {
    auto target = resolve_target(name);
    if (!target) return target.error();
    if (std::find(ids.begin(), ids.end(), target->id) != ids.end()) continue;
    ids.push_back(target->id);
    targets.push_back(std::move(*target));
  }
  if (targets.empty()) return fail("--target names no target; `acuate targets` lists them");
  auto model = import_model(flags.options.model);
  if (!model) return model.error();
  std::optional<Samples> samples;
  if (flags.options.data) {
    auto opened = open_samples(flags.options);
    if (!opened) return opened.error();
    samples = std::move(*opened);
  }
  auto options = diagnose_options(**model, flags, samples);
  if (!options) return options.error();
  auto all = diagnose_all(**model, targets, flags, *options, console);
  if (!all) return all.error();
  if (samples)
    if (auto done = measure(**model, flags, std::move(*samples), all->findings); !done)
      return done.error();

  std::vector<std::string> shapes;
  for (const auto& [input, shape] : options->fix.shapes)
    shapes.push_back(shape_text(**model, input, shape));
  for (const auto& [name, size] : options->fix.dims)
    shapes.push_back(fmt::format("{}={}", name, size));
  std::vector<std::string> labels;
  for (const std::string& id : ids) labels.push_back(to_kebab_case(id));
  std::string text =
      printable(flags.options.model.filename().string()) + " for " + join(labels, ", ");
  if (!shapes.empty())
    text += fmt::format(", with {} ({})", printable(join(shapes, ", ")), options->shapes_source);
  console.print(text);
  console.print(render_findings(all->findings, {.colour = console.colour()}));
  auto divisions = nlohmann::ordered_json::object();
  for (const auto& [id, lines] : all->divisions) {
    divisions[id] = lines;
    for (const std::string& line : lines)
      console.print(ids.size() > 1 ? to_kebab_case(id) + ", " + line : line);
  }
  nlohmann::ordered_json json = {{"model", flags.options.model.string()},
                                 {"targets", ids},
                                 {"shapes", shapes},
                                 {"shapes_source", shapes.empty() ? "" : options->shapes_source},
                                 {"findings", findings_json(all->findings)},
                                 {"divisions", divisions}};
  if (auto written = console.write_json(json); !written) return written.error();
  return kDone;
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  declare_flags(app, *flags);
  auto console = Console::declare(app);
  return [flags, console] { return run(*flags, *console); };
}

}  // namespace

void register_cli_diagnose(CliCommandRegistry& registry) {
  registry.add(
      {.id = "diagnose",
       .summary = "all that a target holds against a model, at once, with the fixes",
       .examples =
           "  acuate diagnose model.onnx --target vsi-npu\n"
           "  acuate diagnose model.onnx --target vsi-npu,onnxruntime --shape x=1x3x640x640\n"
           "  acuate diagnose detector.onnx --target vsi-npu --data pages/ --json -\n"
           "  acuate diagnose model.onnx --target my_npu.yaml --costs costs.json\n"
           "  acuate diagnose my.models:build --samples data.py:images    (PyTorch)",
       .declare = declare});
}

}  // namespace acuate
