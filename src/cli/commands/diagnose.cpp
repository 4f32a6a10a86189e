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
#include "convert/samples.h"
#include "onnx_io/import.h"
#include "report/display.h"
#include "report/writer.h"

namespace acuate {
namespace {

struct Flags {
  ConvertOptions options;  // model, data, preprocess
  ShapeFlags shapes;
  std::vector<std::string> targets;
};

void declare_flags(CLI::App& app, Flags& flags) {
  app.add_option("MODEL", flags.options.model, "ONNX model")->required();
  app.add_option("--target", flags.targets, "whose findings; `acuate targets` lists them")
      ->required()
      ->type_name("T[,T…]");
  flags.shapes.declare(app);
  app.add_option("--data", flags.options.data, "samples from which shapes are proposed")
      ->type_name("DATA");
  app.add_option("--preprocess", flags.options.preprocess,
                 "how an image becomes the input: a preset or a YAML file");
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

Result<DiagnoseOptions> diagnose_options(const Model& model, Flags& flags) {
  DiagnoseOptions options;
  auto fix = flags.shapes.parse();
  if (!fix) return fix.error();
  flags.options.fix = options.fix = std::move(*fix);
  if (flags.options.data) {
    auto samples = open_samples(flags.options);
    if (!samples) return samples.error();
    auto proposals = propose_input_shapes(model, flags.options, *samples);
    if (!proposals) return proposals.error();
    if (!proposals->empty()) options.shapes_source = "proposed from the data";
    for (auto& [input, shape] : *proposals) options.fix.shapes[input] = std::move(shape.shape);
  }
  options.fix.evaluate = default_pass_context().evaluate;
  return options;
}

// What is wrong with the model itself is told once, not for every target.
Result<std::vector<Finding>> diagnose_all(const Model& model, const std::vector<Target>& targets,
                                          const DiagnoseOptions& options) {
  std::vector<Finding> all;
  for (const Target& target : targets) {
    auto findings = diagnose(model, target, options);
    if (!findings) return fail("target {}: {}", target.id, findings.error().message);
    for (Finding& finding : *findings)
      if (std::find(all.begin(), all.end(), finding) == all.end())
        all.push_back(std::move(finding));
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
  auto options = diagnose_options(**model, flags);
  if (!options) return options.error();
  auto findings = diagnose_all(**model, targets, *options);
  if (!findings) return findings.error();

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
  console.print(render_findings(*findings, {.colour = console.colour()}));
  nlohmann::ordered_json json = {{"model", flags.options.model.string()},
                                 {"targets", ids},
                                 {"shapes", shapes},
                                 {"shapes_source", shapes.empty() ? "" : options->shapes_source},
                                 {"findings", findings_json(*findings)}};
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
           "  acuate diagnose detector.onnx --target vsi-npu --data pages/ --json -",
       .declare = declare});
}

}  // namespace acuate
