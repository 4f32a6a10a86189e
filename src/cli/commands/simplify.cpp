#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "cli/inferred_model.h"
#include "cli/models.h"
#include "onnx_io/export.h"
#include "report/display.h"
#include "report/table.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

struct Flags {
  fs::path model, output;
  ShapeFlags shapes;
  SimplifyOptions options;
  std::vector<std::string> disable, patterns;
  bool verbose = false;
};

size_t node_count(const Model& model) {
  size_t count = 0;
  for (const Graph* graph : model.all_graphs()) count += graph->node_count();
  return count;
}

Result<InferredModel> open_with_shapes(const fs::path& path, const FixOptions& shapes) {
  auto model = open_valid_model(path);
  if (!model) return model.error();
  auto shaped = with_shapes(**model, shapes);
  if (!shaped) return shaped.error();
  auto inferred = std::make_unique<ShapeInference>(**shaped);
  return InferredModel{std::move(*shaped), std::move(inferred)};
}

std::string_view exactness_name(const Pass& pass) {
  return pass.exactness == Exactness::Exact ? "exact" : "rounding";
}

std::string records_text(const std::vector<PassRecord>& records, bool verbose) {
  TextTable table({{"pass"}, {"kind"}, {"applied", true}, {"time", true}});
  std::string misses;
  for (const PassRecord& record : records) {
    const Pass& pass = **passes().find(record.id, "pass");
    table.add({to_kebab_case(record.id), std::string(exactness_name(pass)),
               format_count(static_cast<int64_t>(record.applied)),
               fmt::format("{:.1f} ms", record.seconds * 1e3)});
    for (const NoMatch& miss : record.misses)
      misses += fmt::format("  {} not applied to '{}': {}\n", to_kebab_case(record.id),
                            printable(miss.node), printable(miss.reason));
  }
  return table.render(100) + (verbose ? misses : "");
}

nlohmann::ordered_json records_json(const std::vector<PassRecord>& records) {
  auto list = nlohmann::ordered_json::array();
  for (const PassRecord& record : records) {
    const Pass& pass = **passes().find(record.id, "pass");
    auto misses = nlohmann::ordered_json::array();
    for (const NoMatch& miss : record.misses)
      misses.push_back({{"node", miss.node}, {"reason", miss.reason}});
    list.push_back({{"id", record.id},
                    {"phase", phase_name(pass.phase)},
                    {"exactness", exactness_name(pass)},
                    {"bound", pass.bound},
                    {"applied", record.applied},
                    {"seconds", record.seconds},
                    {"misses", misses}});
  }
  return list;
}

// Whether something was to be folded and no engine runs here; where nothing was, none was looked
// for.
bool lacked_engine(const std::vector<PassRecord>& records) {
  return std::ranges::any_of(records, [](const PassRecord& record) {
    return record.id == "fold_constants" && !record.misses.empty() && !resolve_target("auto");
  });
}

Result<int> run(Flags& flags, const Console& console) {
  for (const std::string& id : split_list(flags.disable)) {
    auto pass = passes().find(id, "pass");
    if (!pass) return pass.error();
    flags.options.disabled.insert((*pass)->id);
  }
  for (const std::string& id : split_list(flags.patterns)) {
    auto pass = passes().find(id, "pass");
    if (!pass) return pass.error();
    if ((*pass)->phase != Phase::Pattern)
      return fail(
          "pass '{}' is of phase {} and runs by itself; --patterns takes those of phase "
          "pattern, which `acuate passes` lists",
          to_kebab_case((*pass)->id), phase_name((*pass)->phase));
    flags.options.patterns.insert((*pass)->id);
  }
  auto shapes = flags.shapes.parse();
  if (!shapes) return shapes.error();
  if (auto free = check_output_file(flags.output); !free) return free.error();
  auto opened =
      shapes->empty() ? open_inferred_model(flags.model) : open_with_shapes(flags.model, *shapes);
  if (!opened) return opened.error();
  Model& model = *opened->model;
  PassContext context = default_pass_context();
  context.shapes = opened->shapes.get();
  const size_t before = node_count(model);
  auto records = simplify(model, context, flags.options);
  if (!records) return records.error();
  const size_t after = node_count(model);
  if (auto saved = save_model(model, flags.output); !saved) return saved.error();
  keep_until_exit(std::move(*opened));
  console.print(fmt::format("{}: nodes {} → {}", flags.output.string(), before, after));
  console.print(records_text(*records, flags.verbose));
  const bool lacks_engine = lacked_engine(*records);
  if (lacks_engine) console.print("No engine runs here, so constants were not folded.");
  if (auto written = console.write_json({{"output", flags.output.string()},
                                         {"nodes_before", before},
                                         {"nodes_after", after},
                                         {"folded_constants", !lacks_engine},
                                         {"passes", records_json(*records)}});
      !written)
    return written.error();
  return kDone;
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->model, "ONNX model")->required();
  app.add_option("-o,--output", flags->output, "file for the simplified model")
      ->required()
      ->type_name("OUT");
  app.add_flag("--exact", flags->options.exact_only,
               "only passes that keep every bit of the result");
  app.add_option("--disable", flags->disable, "passes to leave out; `acuate passes` lists them")
      ->type_name("PASS[,PASS…]");
  app.add_option("--patterns", flags->patterns,
                 "larger operators to recognise, such as layer-norm,gelu: the passes of phase "
                 "pattern, of which none runs unasked")
      ->type_name("PASS[,PASS…]");
  flags->shapes.declare(app);
  app.add_flag("-v,--verbose", flags->verbose, "tell where a pass did not apply, and why");
  auto console = Console::declare(app);
  return [flags, console] { return run(*flags, *console); };
}

}  // namespace

void register_cli_simplify(CliCommandRegistry& registry) {
  registry.add({.id = "simplify",
                .summary = "fewer nodes that compute the same",
                .examples = "  acuate simplify model.onnx -o simple.onnx\n"
                            "  acuate simplify model.onnx -o simple.onnx --exact -v\n"
                            "  acuate simplify model.onnx -o simple.onnx --shape x=1x3x640x640 \\\n"
                            "      --disable fuse-batch-norm-into-conv",
                .declare = declare});
}

}  // namespace acuate
