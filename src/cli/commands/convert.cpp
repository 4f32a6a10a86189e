#include "convert/convert.h"

#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "report/writer.h"

namespace acuate {
namespace {

struct Flags {
  ConvertOptions options;
  ShapeFlags shapes;
  std::vector<std::string> diagnose, disable, cut;
};

void declare_flags(CLI::App& app, Flags& flags) {
  ConvertOptions& o = flags.options;
  app.add_option("MODEL", o.model, "ONNX model")->required();
  app.add_option("-o,--output", o.output, "folder to write the artifact to")
      ->required()
      ->type_name("DIR");
  app.add_flag("--overwrite", o.overwrite, "replace an artifact that is there");
  app.add_option("--target", o.target, "what it is to run on; `acuate targets` lists them")
      ->capture_default_str();
  app.add_option("--diagnose", flags.diagnose, "further targets whose findings go into the report")
      ->type_name("T[,T…]");
  flags.shapes.declare(app);
  app.add_option("--data", o.data, "samples: a folder or list of images, .npy or .npz")
      ->type_name("DATA");
  app.add_option("--samples", o.samples, "use N of them, drawn by seed")->type_name("N");
  app.add_option("--seed", o.seed, "of every random choice")->capture_default_str();
  app.add_option("--preprocess", o.preprocess,
                 "how an image becomes the input: a preset or a YAML file");
  app.add_option("--eval", o.eval, "what to measure on which data (YAML)")->type_name("SPEC");
  app.add_option("--precision", o.precision, "fp32 or int8")
      ->capture_default_str()
      ->check(CLI::IsMember({"fp32", "int8"}));
  app.add_option("--scheme", o.scheme,
                 "number scheme of activations: s8 (symmetric) or u8 (asymmetric)");
  app.add_option("--range", o.range, "how ranges are chosen: minmax, percentile[:P], mse")
      ->capture_default_str();
  app.add_option("--exclude", o.exclude, "nodes that stay in float, by name with * and ?")
      ->type_name("PATTERN");
  app.add_option("--max-drop", o.max_drop,
                 "required: top1=0.5% (relative), top1=0.005 (absolute), sqnr=20dB (floor); else "
                 "exit status 1")
      ->type_name("METRIC=V");
  app.add_option("--cut", flags.cut,
                 "tensors behind which the host goes on; auto: where the target takes no more")
      ->type_name("auto|TENSOR[,…]");
  app.add_option("--adapter", o.adapter,
                 "take images of other sizes: scaled down to fit, padded with FILL")
      ->type_name("[INPUT=]pad[:FILL]");
  app.add_option("--mask-input", o.mask_inputs,
                 "an input that says where the image is (=valid) or is not (=padding)")
      ->type_name("NAME[=valid|padding]");
  app.add_option("--output-kind", o.output_kinds,
                 "what an output means: xyxy, xywh, cxcywh, points, each also -normalized, mask, "
                 "none; @AXIS:FIRST where the coordinates stand")
      ->type_name("NAME=KIND");
  app.add_option("--max-engines", o.max_engines,
                 "at most N pieces on the target; the rest on the host")
      ->type_name("N");
  app.add_option(
         "--costs", o.costs,
         "cost tables of target and host, by which times are predicted; `bench --calibrate`")
      ->type_name("FILE");
  app.add_option("--keep-on-host", o.keep_on_host,
                 "nodes and modules that the host runs, by name or path with * and ?")
      ->type_name("PATTERN");
  app.add_option("--require-coverage", o.require_coverage,
                 "fraction of nodes that must be on the target; else exit status 1")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("0…1");
  app.add_option(
         "--config", o.config,
         "which modules to convert (JSON): {\"path\": {\"rt_mode\": \"onnx\", \"auto\": true}}")
      ->type_name("FILE");
  app.add_flag("--exact", o.exact, "simplify by exact passes only");
  app.add_option("--disable", flags.disable, "passes to leave out")->type_name("PASS[,PASS…]");
  app.add_option("--threads", o.threads, "of engine and calibration; 0: all")
      ->capture_default_str();
  app.add_option("--max-memory", o.max_memory_bytes, "for activations during calibration")
      ->transform(CLI::AsSizeValue(false))
      ->type_name("SIZE");
  app.add_option("--runs", o.runs, "timed runs of each model; 0: none")->capture_default_str();
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  declare_flags(app, *flags);
  auto console = Console::declare(app);
  return [flags, console]() -> Result<int> {
    ConvertOptions& options = flags->options;
    auto fix = flags->shapes.parse();
    if (!fix) return fix.error();
    options.fix = std::move(*fix);
    options.diagnose = split_list(flags->diagnose);
    auto cut = parse_cut(flags->cut);
    if (!cut) return cut.error();
    options.cut = std::move(*cut);
    for (const std::string& id : split_list(flags->disable)) {
      auto pass = passes().find(id, "pass");
      if (!pass) return pass.error();
      options.disabled_passes.insert((*pass)->id);
    }
    options.progress = console->progress();
    options.note = [&console = *console](const std::string& line) { console.print(line); };
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
                   "      --eval pages.yaml --max-drop text-box-f1=0.05",
       .declare = declare});
}

}  // namespace acuate
