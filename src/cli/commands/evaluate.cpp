#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "cli/models.h"
#include "cli/simulation.h"
#include "data/dataset.h"
#include "data/split.h"
#include "evaluate/eval_spec.h"
#include "evaluate/evaluation.h"
#include "report/display.h"
#include "report/table.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Flags {
  fs::path model, baseline, spec;
  std::string target = "auto", preprocess;
  int threads = 0;
  bool simulate = false;
  size_t samples = 0;
  uint64_t seed = 0;
  ShapeFlags shapes;
};

// Sizes for what the model leaves open in its inputs.
Result<void> close_sizes(std::vector<InputSpec>& inputs, const std::vector<IoSpec>& ports,
                         const FixOptions& options) {
  std::vector<std::string> names;
  std::set<std::string> dims;
  for (InputSpec& input : inputs) {
    names.push_back(input.name);
    const auto port = std::find_if(ports.begin(), ports.end(),
                                   [&](const IoSpec& found) { return found.name == input.name; });
    const auto given = options.shapes.find(input.name);
    if (given != options.shapes.end() && given->second.size() != input.shape.size())
      return fail("--shape of input '{}': found {} dimensions, expected {}", input.name,
                  given->second.size(), input.shape.size());
    for (size_t axis = 0; axis < input.shape.size(); ++axis) {
      std::optional<int64_t> size;
      if (port != ports.end() && axis < port->dim_names.size())
        if (const auto named = options.dims.find(port->dim_names[axis]);
            named != options.dims.end()) {
          size = named->second;
          dims.insert(named->first);
        }
      if (given != options.shapes.end() && given->second[axis]) size = given->second[axis];
      if (size && input.shape[axis] >= 0 && input.shape[axis] != *size)
        return fail("input '{}', dimension {}: found {}, but the model fixes it to {}", input.name,
                    axis, *size, input.shape[axis]);
      if (size) input.shape[axis] = *size;
    }
  }
  for (const auto& [name, shape] : options.shapes)
    if (std::find(names.begin(), names.end(), name) == names.end())
      return fail("--shape: there is no input '{}'; there are: {}", name, join(names, ", "));
  for (const auto& [name, size] : options.dims)
    if (dims.count(name) == 0) return fail("--dim: no input has a dimension '{}'", name);
  return {};
}

// The first that was declared: by the command line, the specification, or the artifact.
Result<Preprocess> choose_preprocess(const Flags& flags, const EvalSpec& spec,
                                     const Runnable& model) {
  if (!flags.preprocess.empty()) return read_preprocess(flags.preprocess);
  if (spec.preprocess) return *spec.preprocess;
  if (model.artifact() != nullptr && model.artifact()->manifest().preprocess)
    return *model.artifact()->manifest().preprocess;
  return assumed_preprocess();
}

// What samples must fill: the baseline's inputs, with the sizes that the other model fixes; without
// a baseline (null) the model's own.
Result<std::vector<InputSpec>> joint_inputs(const Runnable* baseline, const Runnable& model) {
  std::vector<InputSpec> inputs;
  const std::vector<IoSpec> taken = model.network_inputs();
  for (const IoSpec& spec : (baseline != nullptr ? *baseline : model).network_inputs()) {
    InputSpec input{spec.name, spec.type, spec.shape};
    const auto other = std::find_if(taken.begin(), taken.end(),
                                    [&](const IoSpec& found) { return found.name == spec.name; });
    if (other == taken.end())
      return fail("the model has no input '{}', which the baseline has", spec.name);
    if (other->type != spec.type)
      return fail(
          "input '{}' is {} in the model and {} in the baseline; they cannot take the same "
          "samples",
          spec.name, other->text(), spec.text());
    for (size_t axis = 0; axis < std::min(input.shape.size(), other->shape.size()); ++axis)
      if (input.shape[axis] < 0) input.shape[axis] = other->shape[axis];
    inputs.push_back(std::move(input));
  }
  return inputs;
}

Json value_json(const MetricValue& value) {
  const auto number = [](const std::optional<double>& x) { return x ? Json(*x) : Json(nullptr); };
  Json json = {{"metric", value.name},
               {"output", value.output},
               {"baseline", number(value.baseline)},
               {"converted", number(value.converted)},
               {"n", value.n},
               {"interval", value.interval ? Json(*value.interval) : Json(nullptr)}};
  if (value.baseline_interval) json["baseline_interval"] = *value.baseline_interval;
  if (!value.reason.empty()) json["reason"] = value.reason;
  if (!value.details.empty()) json["details"] = value.details;
  return json;
}

std::string values_text(const std::vector<MetricValue>& values) {
  TextTable table({{"metric"},
                   {"output"},
                   {"baseline", true},
                   {"value", true},
                   {"95 % interval"},
                   {"n", true}});
  std::string reasons;
  const auto number = [](const std::optional<double>& x) { return x ? format_fixed(*x, 4) : "-"; };
  for (const MetricValue& value : values) {
    std::string interval = "-";
    if (value.interval)
      interval = fmt::format("{} … {}", format_fixed((*value.interval)[0], 4),
                             format_fixed((*value.interval)[1], 4));
    table.add({to_kebab_case(value.name), printable(value.output), number(value.baseline),
               number(value.converted), interval, format_count(value.n)});
    if (!value.converted && !value.reason.empty())
      reasons += printable(fmt::format("  {} {}: {}", to_kebab_case(value.name), value.output,
                                       value.reason)) +
                 "\n";
  }
  return table.render(100) + reasons;
}

Result<int> run(const Flags& flags, const Console& console) {
  DecoderRegistry decoders;
  register_all_decoders(decoders);
  MetricRegistry metrics;
  register_all_metrics(metrics);
  auto spec = read_eval_spec(flags.spec, decoders, metrics);
  if (!spec) return spec.error();
  auto target = resolve_target(flags.target);
  if (!target) return target.error();
  for (const std::string& id : spec->metrics)
    if (flags.baseline.empty() && metrics.lookup(id)->labels.empty())
      return fail("metric '{}' of {} compares with a float model; give it as --baseline MODEL",
                  to_kebab_case(id), flags.spec.string());
  const EngineOptions options{.threads = flags.threads};
  auto model = flags.simulate ? open_simulated(flags.model, *target, options, console.note())
                              : open_runnable(flags.model, *target, options, console.note());
  if (!model) return model.error();
  std::optional<Runnable> baseline;
  if (!flags.baseline.empty()) {
    auto opened = open_runnable(flags.baseline, *target, options, console.note());
    if (!opened) return opened.error();
    baseline.emplace(std::move(*opened));
  }
  Runnable* const float_model = baseline ? &*baseline : nullptr;
  auto dataset = Dataset::open(spec->data);
  if (!dataset) return dataset.error();
  auto preprocess = choose_preprocess(flags, *spec, *model);
  if (!preprocess) return preprocess.error();
  auto inputs = joint_inputs(float_model, *model);
  if (!inputs) return inputs.error();
  auto shapes = flags.shapes.parse();
  if (!shapes) return shapes.error();
  if (auto closed = close_sizes(
          *inputs, (float_model != nullptr ? *float_model : *model).network_inputs(), *shapes);
      !closed)
    return closed.error();
  for (InputSpec& input : *inputs)  // images come one at a time
    if (dataset->is_images() && input.shape.size() == 4 && input.shape[0] < 0) input.shape[0] = 1;

  Evaluation evaluation;
  for (const std::string& id : spec->metrics) evaluation.metrics.push_back(metrics.lookup(id));
  evaluation.context.seed = flags.seed;
  evaluation.context.decoder = spec->decoder.empty() ? nullptr : decoders.lookup(spec->decoder);
  evaluation.context.decoder_options = spec->decoder_options;
  evaluation.progress = console.progress();
  const size_t count =
      flags.samples == 0 ? dataset->size() : std::min(flags.samples, dataset->size());
  const std::vector<size_t> chosen = choose_samples(dataset->size(), count, flags.seed);
  EvaluationSamples samples{
      chosen.size(), [&](size_t i) { return dataset->load(chosen[i], *inputs, *preprocess); },
      [&](size_t i) { return dataset->sample_name(chosen[i]); }};
  std::optional<Labels> labels;
  if (spec->labels) {
    auto read = Labels::open(*spec->labels, *dataset);
    if (!read) return read.error();
    labels.emplace(std::move(*read));
    samples.truth = [&](size_t i, ImageSize network) {
      return labels->truth(chosen[i], *preprocess, network);
    };
  }
  auto values = evaluate_pair(float_model, *model, samples, evaluation);
  if (!values) return values.error();

  console.print(values_text(*values));
  if (preprocess->assumed && dataset->is_images())
    console.print(
        "No pre-processing was declared, so 'unit' was assumed; `--preprocess` or the "
        "specification declare it.");
  Json list = Json::array();
  for (const MetricValue& value : *values) list.push_back(value_json(value));
  if (auto written = console.write_json(
          {{"model", flags.model.string()},
           {"baseline", baseline ? Json(flags.baseline.string()) : Json(nullptr)},
           {"samples", chosen.size()},
           {"preprocess", preprocess_to_json(*preprocess)},
           {"metrics", list}});
      !written)
    return written.error();
  return kDone;
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->model, "ONNX model or artifact folder")
      ->required()
      ->type_name("MODEL|DIR");
  app.add_option("--eval", flags->spec, "what to measure on which data (YAML)")
      ->required()
      ->type_name("SPEC");
  app.add_option("--baseline", flags->baseline, "the float model that it is compared with")
      ->type_name("MODEL|DIR");
  flags->shapes.declare(app);
  app.add_option("--preprocess", flags->preprocess,
                 "how an image becomes the input, instead of what the specification says");
  app.add_option("--samples", flags->samples, "use N of them, drawn by seed")->type_name("N");
  app.add_option("--seed", flags->seed, "of every random choice")->capture_default_str();
  app.add_option("--target", flags->target, "engine for model files; an artifact names its own")
      ->capture_default_str();
  app.add_option("--threads", flags->threads, "of the engine; 0: all")->capture_default_str();
  app.add_flag("--simulate", flags->simulate,
               "compute a quantized model in integers, as docs/simulate.md says; an artifact of a "
               "target that is not here always is");
  auto console = Console::declare(app);
  return [flags, console] { return run(*flags, *console); };
}

}  // namespace

void register_cli_evaluate(CliCommandRegistry& registry) {
  registry.add(
      {.id = "evaluate",
       .summary = "metrics with their intervals, on data that judge",
       .examples =
           "  acuate evaluate out/ --eval pages.yaml --baseline model.onnx\n"
           "  acuate evaluate model.int8.onnx --eval pages.yaml --baseline model.onnx --json -",
       .declare = declare});
}

}  // namespace acuate
