#include "quantize/quantize.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/explanation.h"
#include "cli/flags.h"
#include "cli/keep_quantized.h"
#include "cli/models.h"
#include "cli/quantize_flags.h"
#include "convert/data_findings.h"
#include "convert/float_model.h"
#include "convert/report_parts.h"
#include "quantize/calibration_file.h"
#include "quantize/hybrid.h"
#include "report/display.h"
#include "report/plots/plot_files.h"
#include "report/writer.h"
#include "targets/stand_in.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

const std::vector<std::string> kNoRecovery = {"none"};
const std::vector<std::string> kAutoRecovery = {"auto"};

struct Flags {
  ConvertOptions options;
  ShapeFlags shapes;
  fs::path encodings;  // to write
  std::vector<std::string> histograms;
  fs::path written_histograms;
  bool explain = false;
};

void declare_flags(CLI::App& app, Flags& flags) {
  ConvertOptions& o = flags.options;
  app.add_option("MODEL", o.model, "ONNX model in float")->required();
  app.add_option("-o,--output", o.output, "file for the quantized model")
      ->required()
      ->type_name("OUT");
  declare_data_flags(app, o);
  app.add_option("--histograms", flags.histograms,
                 "in place of --data: what calibrations of this model measured, merged")
      ->type_name("FILE[,FILE…]");
  app.add_option("--write-histograms", flags.written_histograms,
                 "file for what the calibration measures")
      ->type_name("FILE");
  app.add_option("--write-encodings", flags.encodings,
                 "file for the encodings; else OUT with .encodings.json for .onnx")
      ->type_name("FILE");
  app.add_flag("--explain", flags.explain,
               "rank the tensors by what their grids do at the outputs");
  app.add_option("--target", o.target, "whose rules of quantization hold")->capture_default_str();
  flags.shapes.declare_with_ranges(app);
  declare_quantize_flags(app, o);
  app.add_option("--eval", o.eval, "with --max-drop: what to measure on which held-out data (YAML)")
      ->type_name("SPEC");
  app.add_option("--max-drop", o.max_drop,
                 "with --hybrid: top1=0.5% (relative), top1=0.005 (absolute) of --eval; sqnr=20dB "
                 "(floor), without --eval on what calibrates; else exit status 1")
      ->type_name("METRIC=V");
  app.add_flag("--exact", o.exact, "simplify by exact passes only");
  app.add_option("--threads", o.threads, "of the calibration; 0: all")->capture_default_str();
  app.add_option("--max-memory", o.max_memory_bytes, "for activations during calibration")
      ->transform(CLI::AsSizeValue(false))
      ->type_name("SIZE");
}

fs::path default_encodings(fs::path output) {
  if (output.extension() == ".onnx") output.replace_extension();
  return output.string() + ".encodings.json";
}

// Without an evaluation spec nothing is judged here, so every sample calibrates.
Result<Samples> open_calibration(const ConvertOptions& options) {
  auto samples = open_samples(options);
  if (!samples || !samples->calibration || !samples->evaluation || samples->spec) return samples;
  std::vector<size_t>& indices = samples->calibration->indices;
  indices.insert(indices.end(), samples->evaluation->indices.begin(),
                 samples->evaluation->indices.end());
  std::sort(indices.begin(), indices.end());
  samples->evaluation.reset();
  return samples;
}

// `  equalize-channels: 30 places, 9.8 dB less noise at the outputs`
std::string recovery_text(const RecoveryOutcome& outcome) {
  std::string text = fmt::format("  {}: ", to_kebab_case(outcome.id));
  if (outcome.places == 0) return text + "nothing to do";
  text += format_plural(static_cast<int64_t>(outcome.places), "place");
  if (!outcome.gain_db) return text + (outcome.used ? "" : ", not used");
  return text + fmt::format(", {:.1f} dB {} noise at the outputs{}", std::abs(*outcome.gain_db),
                            *outcome.gain_db >= 0 ? "less" : "more",
                            outcome.used ? "" : ": not used");
}

double decibels(double relative_noise) { return -10 * std::log10(relative_noise); }

// `  grids: u8 mse 8.1 dB, u8 percentile 7.5 dB, s8 mse 10.7 dB at the outputs: s8 mse`
std::string grids_text(const std::vector<GridOutcome>& grids) {
  std::vector<std::string> tried;
  std::string used;
  for (const GridOutcome& grid : grids) {
    tried.push_back(fmt::format("{} {} {:.1f} dB", grid.scheme, grid.range, decibels(grid.noise)));
    if (grid.used) used = grid.scheme + " " + grid.range;
  }
  return grids.empty() ? ""
                       : fmt::format("  grids: {} at the outputs: {}\n", join(tried, ", "), used);
}

std::string hybrid_text(const Hybrid& hybrid) {
  std::string text =
      fmt::format("  hybrid: {} of {} activations promoted{}\n", hybrid.promoted,
                  hybrid.activations, hybrid.accepted ? "" : ", which is not enough");
  for (const HybridPoint& point : hybrid.curve) {
    text += fmt::format(
        "  {} {:>5.1f} % promoted, {:>5.1f} % of multiply-accumulates in 8 bits: {:.1f} dB at the "
        "outputs",
        point.promoted == hybrid.promoted ? "→" : " ", 100 * point.share,
        100 * point.macs_8bit_share, decibels(point.measured_noise.value_or(0)));
    for (const auto& [metric, value] : point.verdict.values)
      text += fmt::format(", {} {:.4f}", metric, value);
    text += "\n";
  }
  return text;
}

nlohmann::ordered_json hybrid_json(const Hybrid& hybrid) {
  auto curve = nlohmann::ordered_json::array();
  for (const HybridPoint& point : hybrid.curve) {
    auto metrics = nlohmann::ordered_json::object();
    for (const auto& [metric, value] : point.verdict.values) metrics[printable(metric)] = value;
    curve.push_back(
        {{"promoted", point.promoted},
         {"share", point.share},
         {"macs_8bit_share", point.macs_8bit_share},
         {"work_8bit_share", point.work_8bit_share},
         {"metrics", metrics},
         {"predicted_noise", point.predicted_noise},
         {"measured_noise", point.measured_noise ? nlohmann::ordered_json(*point.measured_noise)
                                                 : nlohmann::ordered_json()}});
  }
  auto order = nlohmann::ordered_json::array();
  for (const Promotion& promotion : hybrid.order)
    order.push_back({{"tensor", printable(promotion.tensor)},
                     {"damage", promotion.damage_before},
                     {"damage_promoted", promotion.damage_after},
                     {"cost", promotion.cost}});
  return {{"promoted", hybrid.promoted},
          {"activations", hybrid.activations},
          {"accepted", hybrid.accepted},
          {"curve", curve},
          {"order", order}};
}

// Null where --data calibrates.
Result<std::optional<Calibration>> read_histograms(const Flags& flags) {
  const bool data = flags.options.data.has_value();
  if (!flags.options.weights_only.empty()) {
    if (data || !flags.histograms.empty() || !flags.written_histograms.empty())
      return fail("--weights-only takes no data: everything but weights stays in float");
    return std::optional<Calibration>();
  }
  if (flags.options.encodings) {
    if (!flags.histograms.empty() || !flags.written_histograms.empty())
      return fail("--encodings chooses the ranges; no histograms are read or written");
    return std::optional<Calibration>();
  }
  if (data != flags.histograms.empty())
    return fail("{}", data ? "--data and --histograms are given; one of them calibrates"
                           : "nothing calibrates; give --data, --histograms of an earlier "
                             "calibration, --encodings, or --weights-only");
  if (!data && flags.options.recover != kNoRecovery && flags.options.recover != kAutoRecovery)
    return fail("--recover needs --data; --histograms are of the network without recovery");
  if (!data && !flags.options.hybrid.empty())
    return fail("--hybrid needs --data: it measures what each tensor damages at the outputs");
  if (!flags.written_histograms.empty() && data && flags.options.recover != kNoRecovery)
    return fail(
        "--write-histograms measures the network without recovery, for which its histograms are; "
        "give --recover none");
  std::optional<Calibration> all;
  for (const std::string& file : split_list(flags.histograms)) {
    auto mapped = MappedFile::open(file);
    if (!mapped) return mapped.error();
    auto read = load_calibration((*mapped)->text(), file);
    if (!read) return read.error();
    if (!all) {
      all = std::move(*read);
    } else if (auto merged = merge_calibration(*all, *read); !merged) {
      return fail("{}: {}", file, merged.error().message);
    }
  }
  return all;
}

std::string summary_text(const Flags& flags, const Quantized& quantized, size_t samples) {
  int bits = 16;
  for (const TensorEncoding& encoding : quantized.encodings.tensors)
    bits = std::min(bits, encoding.quantization.bits);
  std::string text =
      fmt::format("{} and {}: {} tensors from {}, {} in {} bits\n", flags.options.output.string(),
                  flags.encodings.string(), quantized.encodings.tensors.size(),
                  flags.options.encodings ? flags.options.encodings->string()
                  : !flags.options.weights_only.empty()
                      ? "weights alone"
                      : format_plural(static_cast<int64_t>(samples), "sample"),
                  format_plural(static_cast<int64_t>(quantized.anchors.size()), "operator"), bits);
  text += grids_text(quantized.grids);
  for (const RecoveryOutcome& outcome : quantized.recovery) text += recovery_text(outcome) + "\n";
  if (quantized.hybrid) text += hybrid_text(*quantized.hybrid);
  for (const auto& [node, reason] : quantized.kept_float)
    text += printable(fmt::format("  stays in float: {}: {}", node, reason)) + "\n";
  return text;
}

Result<Explanation> explain_for(const Quantized& quantized, const ConvertOptions& options,
                                const Target& target, const SampleSet& samples) {
  return explain_quantization(quantized, target, samples.size(),
                              [&](size_t i) { return samples.load(i); },
                              {.threads = options.threads,
                               .max_memory_bytes = options.max_memory_bytes,
                               .progress = options.progress});
}

Result<void> draw(const Quantized& quantized, const Model& original, const ConvertOptions& options,
                  const Target& target, const Samples& samples, AtomicFolder folder) {
  Report report;
  report.model.path = original.path().filename().string();
  const Model& model = *quantized.float_model;
  report_quantization(report, model, ModelModuleTree::carried_over(model, original), quantized);
  report_depth(report, quantized, target, samples, options);
  return write_plots(report, std::move(folder));
}

Result<int> run(Flags& flags, const Console& console) {
  ConvertOptions& options = flags.options;
  options.precision = "int8";
  options.progress = console.progress();
  options.note = console.note();
  auto fix = flags.shapes.parse();
  if (!fix) return fix.error();
  options.fix = std::move(*fix);
  if (!options.max_drop.empty() && options.hybrid.empty())
    return fail("--max-drop chooses what --hybrid promotes: give it, too");
  if (flags.explain && !options.data) return fail("--explain measures on samples: give --data");
  if (flags.encodings.empty()) flags.encodings = default_encodings(options.output);
  for (const fs::path& file : {options.output, flags.encodings, flags.written_histograms})
    if (!file.empty())
      if (auto free = check_output_file(file); !free) return free.error();
  auto model = open_valid_model(options.model);
  if (!model) return model.error();
  if (is_quantized(**model) && options.plots)
    return fail("--plots shows what quantization chooses; the model is quantized already and kept");
  if (is_quantized(**model)) return keep_quantized(**model, options, flags.encodings, console);
  std::optional<AtomicFolder> plots;
  if (options.plots) {
    auto folder = create_plots_folder(*options.plots);
    if (!folder) return folder.error();
    plots.emplace(std::move(*folder));
  }
  auto measured = read_histograms(flags);
  if (!measured) return measured.error();
  if (*measured) options.recover = {"split-mixed-ranges"};  // all that ranges alone can tell
  auto target = resolve_target(options.target);
  if (target) target = with_engine(*target);
  if (!target) return target.error();
  auto samples = open_calibration(options);
  if (!samples) return samples.error();
  auto fixed = fix_for(**model, options, *target, *samples);
  if (!fixed) return fixed.error();
  set_inputs(*samples, *fixed->model, fixed->ranges);
  auto float_model = simplify_for(*fixed->model, options, *target, fixed->edits);
  if (!float_model) return float_model.error();
  if (auto ready = prepare_quantization(*float_model); !ready) return ready.error();
  auto quantized = quantize_for(**model, **float_model, options, *target, {}, *samples,
                                *measured ? &**measured : nullptr);
  if (!quantized) return quantized.error();
  const Calibration& calibration = quantized->calibration;
  if (calibration.samples > 0)
    tell_calibration(**model, **float_model, calibration, samples->findings);
  if (!options.encodings) tell_range_needs(*quantized, samples->findings);
  if (!flags.written_histograms.empty())
    if (auto saved = write_text_file(flags.written_histograms, save_calibration(calibration));
        !saved)
      return saved.error();
  std::optional<Explanation> explanation;
  if (flags.explain) {
    auto explained = explain_for(*quantized, options, *target, *samples->calibration);
    if (!explained) return explained.error();
    explanation = std::move(*explained);
  }
  if (auto saved = save_with_text(*quantized->model, options.output,
                                  write_encodings(quantized->encodings, quantized->changes),
                                  flags.encodings);
      !saved)
    return saved.error();

  if (plots)
    if (auto drawn = draw(*quantized, **model, options, *target, *samples, std::move(*plots));
        !drawn)
      return drawn.error();

  console.print(summary_text(flags, *quantized, calibration.samples));
  if (explanation) console.print(explanation_text(*explanation, quantized->encodings));
  if (!samples->findings.empty())
    console.print(render_findings(samples->findings, {.colour = console.colour()}));
  auto kept = nlohmann::ordered_json::array();
  for (const auto& [node, reason] : quantized->kept_float)
    kept.push_back({{"node", node}, {"reason", reason}});
  auto grids = nlohmann::ordered_json::array();
  for (const GridOutcome& grid : quantized->grids)
    grids.push_back({{"scheme", grid.scheme},
                     {"range", grid.range},
                     {"noise", grid.noise},
                     {"used", grid.used}});
  auto recovery = nlohmann::ordered_json::array();
  for (const RecoveryOutcome& outcome : quantized->recovery)
    recovery.push_back({{"id", outcome.id},
                        {"places", outcome.places},
                        {"used", outcome.used},
                        {"gain_db", outcome.gain_db ? nlohmann::ordered_json(*outcome.gain_db)
                                                    : nlohmann::ordered_json()}});
  if (auto written = console.write_json(
          {{"output", options.output.string()},
           {"encodings", flags.encodings.string()},
           {"plots", options.plots ? nlohmann::ordered_json(options.plots->string())
                                   : nlohmann::ordered_json()},
           {"edits", fixed->edits},
           {"samples", calibration.samples},
           {"tensors", quantized->encodings.tensors.size()},
           {"quantized_operators", quantized->anchors},
           {"grids", grids},
           {"recovery", recovery},
           {"hybrid",
            quantized->hybrid ? hybrid_json(*quantized->hybrid) : nlohmann::ordered_json()},
           {"kept", false},
           {"kept_float", kept},
           {"explanation", explanation ? explanation_json(*explanation, quantized->encodings)
                                       : nlohmann::ordered_json()},
           {"findings", findings_json(samples->findings)}});
      !written)
    return written.error();
  return quantized->hybrid && !quantized->hybrid->accepted ? kConditionFailed : kDone;
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  declare_flags(app, *flags);
  auto console = Console::declare(app);
  return [flags, console] { return run(*flags, *console); };
}

}  // namespace

void register_cli_quantize(CliCommandRegistry& registry) {
  registry.add(
      {.id = "quantize",
       .summary = "an 8-bit model and its encodings, from calibration data",
       .examples =
           "  acuate quantize model.onnx -o model.int8.onnx --data images/ \\\n"
           "      --preprocess imagenet --shape x=1x3x224x224\n"
           "  acuate quantize model.onnx -o model.int8.onnx --data samples.npz --recover none \\\n"
           "      --write-histograms model.histograms\n"
           "  acuate quantize model.onnx -o again.int8.onnx --histograms model.histograms",
       .declare = declare});
}

}  // namespace acuate
