#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "cli/models.h"
#include "convert/float_model.h"
#include "quantize/encoding_format.h"
#include "quantize/import_qdq.h"
#include "report/display.h"
#include "shape/infer.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

struct Flags {
  ConvertOptions options;
  ShapeFlags shapes;
  std::string format = "acuate";
  fs::path write_model;
};

// A float graph and encodings of it, wherever they come from.
struct Source {
  std::unique_ptr<Model> model;
  ImportedEncodings imported;
};

// Of a quantized model: its own grids.
Result<Source> take_apart(const Model& model) {
  auto typed = model.clone();
  infer_shapes(*typed);
  auto parts = import_qdq(*typed);
  if (!parts) return parts.error();
  return Source{std::move(parts->float_model), {std::move(parts->encodings), {}, {}}};
}

// Of a float model: a file's, for the graph that `quantize` makes of it.
Result<Source> read_for(const Model& model, const ConvertOptions& options) {
  auto target = resolve_target(options.target);
  if (!target) return target.error();
  auto text = read_text_file(*options.encodings);
  if (!text) return text.error();
  auto fixed = fix_for(model, options, *target, {});
  if (!fixed) return fixed.error();
  auto float_model = simplify_for(*fixed->model, options, *target, fixed->edits);
  if (!float_model) return float_model.error();
  if (auto ready = prepare_quantization(*float_model); !ready) return ready.error();
  auto imported = read_encodings(*text, options.encodings->string(), **float_model);
  if (!imported) return imported.error();
  return Source{std::move(*float_model), std::move(*imported)};
}

Result<int> run(Flags& flags, const Console& console) {
  ConvertOptions& options = flags.options;
  options.precision = "int8";
  auto fix = flags.shapes.parse();
  if (!fix) return fix.error();
  options.fix = std::move(*fix);
  auto format = encoding_formats().find(flags.format, "format");
  if (!format) return format.error();
  for (const fs::path& file : {options.output, flags.write_model})
    if (!file.empty())
      if (auto free = check_output_file(file); !free) return free.error();
  auto model = open_valid_model(options.model);
  if (!model) return model.error();
  auto source = options.encodings ? read_for(**model, options) : take_apart(**model);
  if (!source) return source.error();
  const Encodings& encodings = source->imported.encodings;
  auto text = (*format)->write(source->imported, *source->model);
  if (!text) return text.error();
  auto saved = flags.write_model.empty()
                   ? write_text_file(options.output, *text)
                   : save_with_text(*source->model, flags.write_model, *text, options.output);
  if (!saved) return saved.error();

  console.print(fmt::format("{}: {} tensors", options.output.string(), encodings.tensors.size()));
  auto left = nlohmann::ordered_json::array();
  for (const auto& [name, reason] : source->imported.left_out) {
    console.print(printable(fmt::format("  left out: {}: {}", name, reason)));
    left.push_back({{"name", name}, {"reason", reason}});
  }
  if (auto written = console.write_json({{"output", options.output.string()},
                                         {"format", (*format)->id},
                                         {"tensors", encodings.tensors.size()},
                                         {"left_out", left}});
      !written)
    return written.error();
  return kDone;
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  ConvertOptions& o = flags->options;
  app.add_option("MODEL", o.model,
                 "quantized ONNX model to take apart, or with --encodings the float one")
      ->required();
  app.add_option("-o,--output", o.output, "file for the encodings")->required()->type_name("OUT");
  app.add_option("--encodings", o.encodings,
                 "encodings of MODEL to write in another format: encodings.json, JSON of AIMET, "
                 ".quantize of Acuity")
      ->type_name("FILE");
  app.add_option("--format", flags->format, "of OUT: acuate, acuity, aimet")->capture_default_str();
  app.add_option("--write-model", flags->write_model, "file for the float model that they are for")
      ->type_name("FILE");
  app.add_option("--target", o.target, "whose float graph it is")->capture_default_str();
  flags->shapes.declare(app);
  auto console = Console::declare(app);
  return [flags, console] { return run(*flags, *console); };
}

}  // namespace

void register_cli_encodings(CliCommandRegistry& registry) {
  registry.add(
      {.id = "encodings",
       .summary = "the grids of a quantized model, in acuate's form or that of other tools",
       .examples =
           "  acuate encodings model.int8.onnx -o encodings.json --write-model model.onnx\n"
           "  acuate encodings model.onnx --encodings encodings.json -o model.encodings \\\n"
           "      --format aimet",
       .declare = declare});
}

}  // namespace acuate
