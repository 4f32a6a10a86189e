#include "cli/convert_flags.h"

#include "cli/quantize_flags.h"
#include "rewrite/pass.h"

namespace acuate {

void ConvertFlags::declare(CLI::App& app) {
  ConvertOptions& o = options_;
  app.add_option("MODEL", o.model, "ONNX model")->required();
  app.add_option("-o,--output", o.output, "folder to write the artifact to")
      ->required()
      ->type_name("DIR");
  app.add_flag("--overwrite", o.overwrite, "replace an artifact that is there");
  app.add_option(
         "--target", o.target,
         "what it is to run on; `acuate targets` lists them; auto: the fastest here, measured")
      ->capture_default_str();
  app.add_option("--device", o.devices,
                 "for which devices engines are compiled ahead of time, such as the compute "
                 "capability 8.6; none: the portable form")
      ->delimiter(',')
      ->type_name("D[,D…]");
  app.add_option("--diagnose", diagnose_, "further targets whose findings go into the report")
      ->type_name("T[,T…]");
  shapes_.declare_with_ranges(app);
  declare_data_flags(app, o);
  app.add_option("--eval", o.eval, "what to measure on which data (YAML)")->type_name("SPEC");
  app.add_option("--precision", o.precision,
                 "fp32, fp16, bf16 or int8; auto: the fastest that meets --max-drop")
      ->capture_default_str()
      ->check(CLI::IsMember({"fp32", "fp16", "bf16", "int8", "auto"}));
  declare_quantize_flags(app, o);
  app.add_option("--max-drop", o.max_drop,
                 "required: top1=0.5% (relative), top1=0.005 (absolute), sqnr=20dB (floor); else "
                 "exit status 1")
      ->type_name("METRIC=V");
  app.add_option("--cut", cut_,
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
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  app.add_option("--keep-on-host", o.keep_on_host,
                 "nodes and modules that the host runs, by name or path with * and ?")
      ->type_name("PATTERN");
  app.add_option("--require-coverage", o.require_coverage,
                 "fraction of nodes that must be on the target; else exit status 1")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("0…1");
  app.add_option(
         "--config", o.config,
         "which modules to convert, and in which precision (JSON): {\"path\": {\"rt_mode\": "
         "\"onnx\", \"auto\": true, \"fp16\": true}}")
      ->type_name("FILE");
  app.add_option("--signature", o.signature,
                 "how the program is called that the model was exported from, and its modules "
                 "(JSON); goes into the artifact")
      ->type_name("FILE");
  app.add_flag("--exact", o.exact, "simplify by exact passes only");
  app.add_option("--disable", disable_, "passes to leave out")->type_name("PASS[,PASS…]");
  app.add_option("--threads", o.threads, "of engine and calibration; 0: all")
      ->capture_default_str();
  app.add_option("--max-memory", o.max_memory_bytes, "for activations during calibration")
      ->transform(CLI::AsSizeValue(false))
      ->type_name("SIZE");
  app.add_option("--runs", o.runs, "timed runs of each model; 0: none")->capture_default_str();
}

Result<ConvertOptions> ConvertFlags::options() const {
  ConvertOptions options = options_;
  auto fix = shapes_.parse();
  if (!fix) return fix.error();
  options.fix = std::move(*fix);
  options.diagnose = split_list(diagnose_);
  auto cut = parse_cut(cut_);
  if (!cut) return cut.error();
  options.cut = std::move(*cut);
  for (const std::string& id : split_list(disable_)) {
    auto pass = passes().find(id, "pass");
    if (!pass) return pass.error();
    options.disabled_passes.insert((*pass)->id);
  }
  return options;
}

Result<ConvertOptions> parse_convert_arguments(const std::vector<std::string>& arguments) {
  CLI::App app;
  app.set_help_flag();
  ConvertFlags flags;
  flags.declare(app);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return fail("{}", error.what());
  }
  return flags.options();
}

}  // namespace acuate
