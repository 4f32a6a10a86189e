#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "cli/inputs.h"
#include "cli/models.h"
#include "onnx_io/import.h"
#include "report/display.h"
#include "report/table.h"
#include "runtime/calibrate.h"
#include "runtime/timing.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

struct Flags {
  std::vector<fs::path> models;
  InputFlags inputs;
  ShapeFlags shapes;
  std::string target = "auto";
  fs::path calibrate;
  std::vector<fs::path> costs;
  int threads = 0, runs = 20, warmup = 2;
  uint64_t seed = 0;
};

// The input's shape with the numbers that the flags give; a first dimension that is left open is a
// batch of 1.
Result<Shape> full_shape(const IoSpec& input, const FixOptions& given) {
  Shape shape = input.shape;
  const auto spec = given.shapes.find(input.name);
  if (spec != given.shapes.end()) {
    if (input.has_shape && spec->second.size() != shape.size())
      return fail("--shape gives '{}' {} dimensions, but it is {}", input.name, spec->second.size(),
                  input.text());
    shape.resize(spec->second.size(), -1);
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      if (!spec->second[axis]) continue;
      if (shape[axis] >= 0 && shape[axis] != *spec->second[axis])
        return fail("--shape gives '{}' the size {} at axis {}, but it is {}", input.name,
                    *spec->second[axis], axis, input.text());
      shape[axis] = *spec->second[axis];
    }
  }
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] >= 0) continue;
    const auto dim =
        axis < input.dim_names.size() ? given.dims.find(input.dim_names[axis]) : given.dims.end();
    if (dim != given.dims.end()) shape[axis] = dim->second;
    if (shape[axis] < 0 && axis == 0) shape[axis] = 1;
    if (shape[axis] < 0)
      return fail("input '{}' is {}; give its size as --shape {}=…, or its content as --input",
                  input.name, input.text(), input.name);
  }
  if (!input.has_shape && spec == given.shapes.end())
    return fail("input '{}' has no shape; give it as --shape {}=…", input.name, input.name);
  return shape;
}

Result<std::vector<Tensor>> make_inputs(const Flags& flags, const FixOptions& shapes,
                                        const Runnable& runnable) {
  if (!flags.inputs.texts.empty()) return read_inputs(flags.inputs, runnable);
  std::vector<Tensor> tensors;
  for (const IoSpec& input : runnable.inputs()) {
    if (!input.is_tensor || element_bits(input.type) == 0)
      return fail("input '{}' is {}, which cannot be made up; give it as --input", input.name,
                  input.text());
    auto shape = full_shape(input, shapes);
    if (!shape) return shape.error();
    tensors.push_back(random_tensor(input, *shape, flags.seed));
  }
  return tensors;
}

// Unknown names in --shape are mistakes: no model would use them.
Result<void> check_shape_names(const FixOptions& shapes, const std::vector<Runnable>& runnables) {
  for (const auto& [name, spec] : shapes.shapes) {
    bool is_known = false;
    for (const Runnable& runnable : runnables)
      for (const IoSpec& input : runnable.inputs()) is_known |= input.name == name;
    if (!is_known) return fail("--shape '{}': no model has such an input", name);
  }
  return {};
}

Result<int> calibrate(const Flags& flags, const Console& console) {
  if (auto free = check_output_file(flags.calibrate); !free) return free.error();
  auto target = resolve_target(flags.target);
  if (!target) return target.error();
  CalibrateOptions options;
  options.threads = flags.threads;
  options.progress = console.progress();
  auto table = calibrate_costs(*target, options);
  if (!table) return table.error();
  const std::string text = write_cost_table(*table);
  if (auto written = write_text_file(flags.calibrate, text); !written) return written.error();
  TextTable rows({{"operator"},
                  {"fixed µs", true},
                  {"µs / M multiply-accumulates", true},
                  {"µs / MiB", true}});
  for (const auto& [id, cost] : table->operators)
    rows.add({id, fmt::format("{:.2f}", cost.fixed_us), fmt::format("{:.2f}", cost.us_per_mmac),
              fmt::format("{:.2f}", cost.us_per_mib)});
  console.print(rows.render(100));
  console.print(
      fmt::format("a call {:.1f} µs, a border {:.1f} µs / MiB, another layout {:.1f} "
                  "µs / MiB; written to {}",
                  table->call_us, table->border_us_per_mib, table->layout_us_per_mib,
                  flags.calibrate.string()));
  if (auto written = console.write_json(nlohmann::ordered_json::parse(text)); !written)
    return written.error();
  return kDone;
}

// Milliseconds by the cost tables, for each contender; empty where none is given.
Result<std::vector<double>> predict(const Flags& flags, const Target& target,
                                    const FixOptions& shapes,
                                    const std::vector<Runnable>& runnables) {
  std::vector<double> ms;
  auto tables = read_cost_tables(flags.costs);
  if (!tables) return tables.error();
  for (size_t i = 0; i < runnables.size() && !tables->empty(); ++i) {
    if (const Artifact* artifact = runnables[i].artifact()) {
      auto us = predict_artifact_us(flags.models[i], artifact->manifest(), *tables);
      if (!us) return us.error();
      ms.push_back(*us / 1000);
      continue;
    }
    const auto table = std::find_if(tables->begin(), tables->end(),
                                    [&](const CostTable& t) { return t.target == target.id; });
    if (table == tables->end()) return fail("--costs has no table of {}", target.id);
    auto model = import_model(flags.models[i]);
    if (!model) return model.error();
    FixOptions own = shapes;
    std::erase_if(own.shapes, [&](const auto& entry) {
      return (*model)->graph().find(entry.first) == nullptr;
    });
    auto fixed = with_shapes(**model, own);
    if (!fixed) return fixed.error();
    ms.push_back(predict_us(*table, **fixed) / 1000);
  }
  return ms;
}

Result<int> run(const Flags& flags, const Console& console) {
  if (!flags.calibrate.empty()) return calibrate(flags, console);
  if (flags.models.empty())
    return fail("found no MODEL to time; expected one or more, or --calibrate FILE");
  if (flags.runs < 1) return fail("--runs {}: expected at least 1", flags.runs);
  if (flags.warmup < 0) return fail("--warmup {}: expected 0 or more", flags.warmup);
  auto shapes = flags.shapes.parse();
  if (!shapes) return shapes.error();
  auto target = resolve_target(flags.target);
  if (!target) return target.error();
  std::vector<Runnable> runnables;
  for (const fs::path& path : flags.models) {
    auto runnable =
        open_runnable(path, *target, {.threads = flags.threads, .spinning = false}, console.note());
    if (!runnable) return runnable.error();
    runnables.push_back(std::move(*runnable));
  }
  if (auto known = check_shape_names(*shapes, runnables); !known) return known.error();
  auto predicted = predict(flags, *target, *shapes, runnables);
  if (!predicted) return predicted.error();
  std::vector<std::vector<Tensor>> inputs;
  for (size_t i = 0; i < runnables.size(); ++i) {
    auto tensors = make_inputs(flags, *shapes, runnables[i]);
    if (!tensors) return fail("{}: {}", flags.models[i].string(), tensors.error().message);
    inputs.push_back(std::move(*tensors));
  }
  std::vector<std::function<Result<void>()>> contenders;
  for (size_t i = 0; i < runnables.size(); ++i)
    contenders.emplace_back([&, i]() -> Result<void> {
      auto outputs = runnables[i].run(inputs[i]);
      return outputs ? Result<void>() : Result<void>(outputs.error());
    });
  auto timings = time_interleaved(contenders, flags.runs, flags.warmup, console.progress());
  if (!timings) return timings.error();

  std::vector<TextTable::Column> columns = {
      {"model"}, {"median", true}, {"p95", true}, {"CPU", true}, {"ratio", true}};
  if (!flags.costs.empty()) columns.push_back({"predicted", true});
  TextTable table(columns);
  auto list = nlohmann::ordered_json::array();
  for (size_t i = 0; i < timings->size(); ++i) {
    const Timing& timing = (*timings)[i];
    const double ratio = timing.median_ms() / (*timings)[0].median_ms();
    std::vector<std::string> row = {
        printable(flags.models[i].string()), fmt::format("{:.3f} ms", timing.median_ms()),
        fmt::format("{:.3f} ms", timing.p95_ms()), fmt::format("{:.3f} ms", timing.median_cpu_ms()),
        fmt::format("{:.3f}", ratio)};
    if (!flags.costs.empty()) row.push_back(fmt::format("{:.3f} ms", (*predicted)[i]));
    table.add(std::move(row));
    list.push_back({{"model", flags.models[i].string()},
                    {"median_ms", timing.median_ms()},
                    {"p95_ms", timing.p95_ms()},
                    {"median_cpu_ms", timing.median_cpu_ms()},
                    {"ratio", ratio},
                    {"wall_ms", timing.wall_ms},
                    {"cpu_ms", timing.cpu_ms}});
    if (!flags.costs.empty()) list.back()["predicted_ms"] = (*predicted)[i];
  }
  console.print(table.render(100));
  if (auto written = console.write_json(
          {{"runs", flags.runs}, {"threads", flags.threads}, {"contenders", list}});
      !written)
    return written.error();
  return kDone;
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->models, "ONNX models or artifact folders; ratios are to the first")
      ->type_name("MODEL|DIR");
  app.add_option("--calibrate", flags->calibrate,
                 "measure what operators cost on the target, instead, and write the table here")
      ->type_name("FILE");
  flags->inputs.declare(app);
  flags->shapes.declare(app);
  app.add_option("--runs", flags->runs, "timed runs of each, taken in turn")->capture_default_str();
  app.add_option("--warmup", flags->warmup, "runs before them that do not count")
      ->capture_default_str();
  app.add_option("--costs", flags->costs, "cost tables: predict the times, too")->type_name("FILE");
  app.add_option("--threads", flags->threads, "of the engine; 0: all")->capture_default_str();
  app.add_option("--seed", flags->seed, "of the random inputs, where --input gives none")
      ->capture_default_str();
  app.add_option("--target", flags->target, "engine for model files; an artifact names its own")
      ->capture_default_str();
  auto console = Console::declare(app);
  return [flags, console] { return run(*flags, *console); };
}

}  // namespace

void register_cli_bench(CliCommandRegistry& registry) {
  registry.add({.id = "bench",
                .summary = "time models in turn: medians, ratios and CPU time",
                .examples =
                    "  acuate bench model.onnx model.int8.onnx --shape x=1x3x640x640\n"
                    "  acuate bench model.onnx out/ --input x=in.npy --threads 1 --runs 50\n"
                    "  acuate bench --calibrate costs.json --target onnxruntime",

                .declare = declare});
}

}  // namespace acuate
