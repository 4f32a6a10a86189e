#include "diagnose/fix.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "cli/inputs.h"
#include "cli/models.h"
#include "convert/verify.h"
#include "diagnose/diagnose.h"
#include "report/display.h"
#include "report/writer.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

using Json = nlohmann::ordered_json;

struct Flags {
  ConvertOptions options;  // model, output, data, samples, preprocess, cut, exact
  ShapeFlags shapes;
  InputFlags inputs;
  std::vector<std::string> cut;
  fs::path script;
  std::string target;
  double tolerance = VerifyOptions{}.tolerance;
};

// `m.tail.onnx` beside `m.onnx`.
fs::path tail_path(const fs::path& output) {
  fs::path tail = output;
  if (tail.extension() == ".onnx") tail.replace_extension();
  return tail.string() + ".tail.onnx";
}

std::string script_text(const fs::path& model, const fs::path& output,
                        const std::vector<std::string>& edits) {
  std::string text = fmt::format("# Edits that make {} of {}\n", output.filename().string(),
                                 model.filename().string());
  for (const std::string& line : edits) text += line + "\n";
  return text;
}

// One run of the command.
class Fixer {
 public:
  Fixer(Flags& flags, const Console& console) : flags_(flags), console_(console) {}

  Result<int> run() {
    if (auto done = open(); !done) return done.error();
    auto fixed = fix_for(*original_, flags_.options, engine_, samples_);
    if (!fixed) return fixed.error();
    tell_candidates(*fixed);
    const Evaluator evaluate = fixed->options.evaluate;
    auto mended = mend(std::move(*fixed), flags_.options, target_ ? &*target_ : nullptr);
    if (!mended) return mended.error();
    mended_ = std::move(*mended);
    if (auto done = verify_samples(); !done) return done.error();
    auto again =
        fix(*mended_.model, {.shapes = {}, .ranges = {}, .dims = {}, .evaluate = evaluate});
    if (!again) return again.error();
    if (auto done = save(); !done) return done.error();
    tell_edits();
    tell_dynamic(again->still_dynamic);
    if (auto done = tell_target(evaluate); !done) return done.error();
    tell_verification();
    if (auto written = console_.write_json(json_); !written) return written.error();
    const bool is_refused = target_ && mended_.refused > 0;
    return is_refused || (verification_ && !verification_->holds()) ? kConditionFailed : kDone;
  }

 private:
  Result<void> open() {
    const ConvertOptions& options = flags_.options;
    script_ = flags_.script.empty() ? fs::path(options.output.string() + ".acu") : flags_.script;
    tail_ = tail_path(options.output);
    for (const fs::path& file : {options.output, script_})
      if (auto free = check_output_file(file); !free) return free;
    auto engine = resolve_target("auto");
    if (!engine) return engine.error();
    engine_ = std::move(*engine);
    if (!flags_.target.empty()) {
      auto target = resolve_target(flags_.target);
      if (!target) return target.error();
      if (const Availability able = target->status().diagnose; !able.available)
        return fail("target {} does not say what it takes: {}", target->id, able.reason);
      target_ = std::move(*target);
    } else if (cuts_automatically(options)) {
      return fail("--cut auto needs --target: it cuts where that one takes no more");
    }
    auto model = open_valid_model(options.model);
    if (!model) return model.error();
    original_ = std::move(*model);
    auto samples = open_samples(options);
    if (!samples) return samples.error();
    samples_ = std::move(*samples);
    return {};
  }

  // From which sizes the proposed one was chosen.
  void tell_candidates(const FixedModel& fixed) {
    constexpr size_t kShown = 6;
    json_["proposals"] = Json::array();
    for (const auto& [input, proposal] : fixed.proposals) {
      Json list = Json::array();
      if (!proposal.candidates.empty())
        console_.print(printable(fmt::format(
            "Sizes for '{}', by how many samples ask for them; the first is taken:", input)));
      for (size_t i = 0; i < proposal.candidates.size(); ++i) {
        const ShapeCandidate& candidate = proposal.candidates[i];
        list.push_back({{"width", candidate.size.width},
                        {"height", candidate.size.height},
                        {"samples", candidate.samples},
                        {"fits_fraction", candidate.fits_fraction},
                        {"padded_fraction", candidate.padded_fraction},
                        {"mean_aspect_change", candidate.mean_aspect_change}});
        if (i < kShown)
          console_.print(fmt::format(
              "  {:>4}x{:<4}  asked for by {:>4}, fits {:>3.0f} % without scaling down, {:>3.0f} % "
              "of it padding",
              candidate.size.width, candidate.size.height, candidate.samples,
              100 * candidate.fits_fraction, 100 * candidate.padded_fraction));
      }
      if (proposal.candidates.size() > kShown)
        console_.print(fmt::format("  … {} more", proposal.candidates.size() - kShown));
      json_["proposals"].push_back({{"input", input}, {"candidates", std::move(list)}});
    }
  }

  // On what --input or --data give; without both there is no proof, which is said.
  Result<void> verify_samples() {
    const bool changed = !mended_.edits.empty();
    VerifyOptions options{.load = {}, .tolerance = flags_.tolerance};
    std::vector<Tensor> given;
    std::vector<const SampleSet*> sets;
    for (const auto* set : {&samples_.evaluation, &samples_.calibration})
      if (*set) sets.push_back(&**set);
    if (!flags_.inputs.texts.empty()) {
      std::vector<IoSpec> ports;
      for (const Value* input : fed_inputs(*original_)) ports.push_back(io_spec(*input));
      auto read = read_inputs(flags_.inputs, ports, nullptr);
      if (!read) return read.error();
      given = std::move(*read);
      options.samples = 1;
      options.load = [&](size_t) { return Result<std::vector<Tensor>>(given); };
    } else if (!sets.empty()) {
      const auto specs = specs_of_fixed();
      for (const SampleSet* set : sets) options.samples += set->size();
      if (flags_.options.samples == 0) options.samples = std::min(options.samples, kVerified);
      options.load = [&sets, specs](size_t i) -> Result<std::vector<Tensor>> {
        const SampleSet& set = i < sets[0]->size() ? *sets[0] : *sets[1];
        return set.dataset.load(set.indices[i < sets[0]->size() ? i : i - sets[0]->size()], specs,
                                set.preprocess);
      };
    }
    if (!changed || options.samples == 0) return {};
    auto verification = verify(*original_, mended_, engine_, options);
    if (!verification) return verification.error();
    verification_ = std::move(*verification);
    return {};
  }

  // The original's inputs in the shapes that they are given: a prefix may lack some of them.
  std::vector<InputSpec> specs_of_fixed() const {
    std::vector<InputSpec> specs;
    for (const Value* input : fed_inputs(*original_)) {
      const Value* fixed = mended_.model->graph().find(input->name);
      if ((fixed == nullptr || !fixed->is_input) && mended_.tail != nullptr)
        fixed = mended_.tail->graph().find(input->name);
      const ValueType& type = fixed != nullptr && fixed->is_input ? fixed->type : input->type;
      InputSpec spec{std::string(input->name), input->type.element, {}};
      if (type.shape)
        for (const Dim& dim : *type.shape) spec.shape.push_back(dim.is_known() ? dim.value : -1);
      specs.push_back(std::move(spec));
    }
    return specs;
  }

  Result<void> save() {
    const fs::path& source = flags_.options.model;
    const fs::path& output = flags_.options.output;
    if (mended_.tail != nullptr) {
      const fs::path tail_script = tail_.string() + ".acu";
      for (const fs::path& file : {tail_, tail_script})
        if (auto free = check_output_file(file); !free) return free;
      if (auto saved = save_with_text(*mended_.tail, tail_,
                                      script_text(source, tail_, mended_.tail_edits), tail_script);
          !saved)
        return saved;
    }
    return save_with_text(*mended_.model, output, script_text(source, output, mended_.edits),
                          script_);
  }

  void tell_edits() {
    const fs::path& output = flags_.options.output;
    json_["output"] = output.string();
    json_["script"] = script_.string();
    json_["edits"] = mended_.edits;
    json_["tail"] = nullptr;
    json_["notes"] = mended_.notes;
    console_.print(
        fmt::format("{} and {}: {}", output.string(), script_.string(),
                    mended_.edits.empty()
                        ? "nothing was changed; give --shape, --dim, --data, --target or --cut"
                        : format_plural(static_cast<int64_t>(mended_.edits.size()), "edit")));
    for (const std::string& edit : mended_.edits) console_.print("  " + printable(edit));
    for (const std::string& note : mended_.notes) console_.print(printable(note));
    if (mended_.tail == nullptr) return;
    json_["tail"] = {{"file", tail_.string()},
                     {"script", tail_.string() + ".acu"},
                     {"edits", mended_.tail_edits},
                     {"cuts", mended_.cuts},
                     {"outputs", mended_.tail_outputs}};
    console_.print(printable(fmt::format("{}: the tail, for the host; it makes {}", tail_.string(),
                                         join(mended_.tail_outputs, ", "))));
  }

  void tell_dynamic(const std::vector<StillDynamic>& values) {
    constexpr size_t kShown = 10;
    json_["still_dynamic"] = Json::array();
    if (!values.empty()) console_.print("Still dynamic:");
    for (size_t i = 0; i < values.size(); ++i) {
      const StillDynamic& value = values[i];
      json_["still_dynamic"].push_back({{"value", value.value},
                                        {"type", value.type},
                                        {"source", value.source},
                                        {"chain", value.chain}});
      if (i < kShown)
        console_.print(printable(fmt::format("  {} {} because of {} ({})", value.value, value.type,
                                             value.source, value.chain)));
    }
    if (values.size() > kShown) console_.print(fmt::format("  … {} more", values.size() - kShown));
  }

  // What the target holds against the result.
  Result<void> tell_target(const Evaluator& evaluate) {
    std::vector<Finding> findings;
    json_["accepted"] = nullptr;
    if (target_) {
      DiagnoseOptions options;
      options.fix.evaluate = evaluate;
      auto found = diagnose(*mended_.model, *target_, options);
      if (!found) return found.error();
      findings = std::move(*found);
      json_["accepted"] = mended_.refused == 0;
      json_["nodes"] = mended_.nodes;
      json_["refused_nodes"] = mended_.refused;
      console_.print(
          mended_.refused == 0
              ? fmt::format("{} takes all {} nodes", to_kebab_case(target_->id), mended_.nodes)
              : fmt::format("{} still refuses {} of {} nodes", to_kebab_case(target_->id),
                            mended_.refused, mended_.nodes));
      console_.print(render_findings(findings, {.colour = console_.colour()}));
    }
    json_["findings"] = findings_json(findings);
    return {};
  }

  void tell_verification() {
    json_["bounds"] = mended_.bounds;
    json_["verified"] = nullptr;
    if (!verification_) {
      if (!mended_.edits.empty())
        console_.print("Not verified: give --data or --input with real samples");
      return;
    }
    const Verification& proof = *verification_;
    Json outputs = Json::array();
    for (const OutputDifference& output : proof.outputs)
      outputs.push_back({{"name", output.name},
                         {"equal", output.is_equal},
                         {"max_abs", output.max_abs},
                         {"relative", output.relative()},
                         {"trouble", output.trouble}});
    json_["verified"] = {{"samples", proof.samples},
                         {"equal", proof.is_equal()},
                         {"holds", proof.holds()},
                         {"tolerance", proof.tolerance},
                         {"outputs", std::move(outputs)}};
    console_.print(fmt::format("Verified on {}: {}",
                               format_plural(static_cast<int64_t>(proof.samples), "sample"),
                               proof.is_equal() ? "every output is that of the original, to the bit"
                               : proof.holds()  ? "within the tolerance"
                                                : "FAILED"));
    for (const OutputDifference& output : proof.outputs)
      if (!output.is_equal)
        console_.print(printable(fmt::format(
            "  {}: {}", output.name,
            output.trouble.empty()
                ? fmt::format("differs by {:.3g} at most, {:.3g} of its largest value; allowed: {}",
                              output.max_abs, output.relative(),
                              proof.tolerance > 0 ? fmt::format("{}", proof.tolerance)
                                                  : "nothing, since no pass rounds")
                : output.trouble)));
    for (const auto& [pass, bound] : mended_.bounds)
      if (!proof.is_equal())
        console_.print(fmt::format("  pass {} rounds: {}", to_kebab_case(pass), bound));
  }

  static constexpr size_t kVerified = 8;  // samples, where --samples does not say

  Flags& flags_;
  const Console& console_;
  fs::path script_, tail_;
  Target engine_;
  std::optional<Target> target_;
  std::unique_ptr<Model> original_;
  Samples samples_;
  Mended mended_;
  std::optional<Verification> verification_;
  Json json_ = Json::object();
};

Result<int> run(Flags& flags, const Console& console) {
  auto fix_options = flags.shapes.parse();
  if (!fix_options) return fix_options.error();
  flags.options.fix = std::move(*fix_options);
  auto cut = parse_cut(flags.cut);
  if (!cut) return cut.error();
  flags.options.cut = std::move(*cut);
  return Fixer(flags, console).run();
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->options.model, "ONNX model")->required();
  app.add_option("-o,--output", flags->options.output, "file for the fixed model")
      ->required()
      ->type_name("OUT");
  flags->shapes.declare_with_ranges(app);
  app.add_option("--target", flags->target,
                 "apply remedies until this target accepts the model, and tell what remains");
  app.add_option("--cut", flags->cut,
                 "tensors behind which the host goes on; auto: where the target takes no more; "
                 "none: not at all")
      ->type_name("auto|none|TENSOR[,…]");
  app.add_flag("--exact", flags->options.exact, "only passes that keep every bit");
  app.add_option("--script", flags->script, "file for the edit script; else OUT.acu");
  app.add_option("--data", flags->options.data,
                 "samples from which shapes are proposed and on which the result is verified")
      ->type_name("DATA");
  app.add_option("--samples", flags->options.samples, "verify on N of them; else on at most 8")
      ->type_name("N");
  flags->inputs.declare(app);
  app.add_option("--tolerance", flags->tolerance,
                 "largest difference, of an output's largest value, where passes round")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--preprocess", flags->options.preprocess,
                 "how an image becomes the input: a preset or a YAML file");
  auto console = Console::declare(app);
  return [flags, console] { return run(*flags, *console); };
}

}  // namespace

void register_cli_fix(CliCommandRegistry& registry) {
  registry.add({.id = "fix",
                .summary = "mend a model until a target takes it: shapes, operators, a cut",
                .examples =
                    "  acuate fix model.onnx -o fixed.onnx --shape x=1x3x640x640\n"
                    "  acuate fix model.onnx -o fixed.onnx --target vsi-npu --data photos/\n"
                    "  acuate fix model.onnx -o fixed.onnx --cut boxes_raw,scores_raw\n"
                    "  acuate edit model.onnx fixed.onnx.acu -o same.onnx",
                .declare = declare});
}

}  // namespace acuate
