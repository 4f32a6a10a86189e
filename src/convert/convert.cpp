#include "convert/convert.h"

#include "base/stop.h"
#include "base/text.h"
#include "base/version.h"
#include "convert/adapt.h"
#include "convert/choose.h"
#include "convert/data_findings.h"
#include "convert/division.h"
#include "convert/emit.h"
#include "convert/float_model.h"
#include "convert/judging.h"
#include "convert/lower_precision.h"
#include "convert/report_parts.h"
#include "convert/samples.h"
#include "convert/signature.h"
#include "diagnose/diagnose.h"
#include "diagnose/issues.h"
#include "diagnose/rule.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "report/display.h"
#include "report/plots/plot_files.h"
#include "report/writer.h"
#include "shape/infer.h"
#include "targets/simulated_engine.h"
#include "targets/stand_in.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

constexpr int kProfiledRuns = 3;

class Pipeline {
 public:
  explicit Pipeline(const ConvertOptions& options) : options_(options) {}

  Result<Conversion> run() {
    using Stage = Result<void> (Pipeline::*)();
    constexpr std::pair<const char*, Stage> kStages[] = {
        {"import", &Pipeline::import},
        {"fix", &Pipeline::fix_shapes},
        {"simplify", &Pipeline::simplify_model},
        {"diagnose", &Pipeline::diagnose_model},
        {"partition", &Pipeline::divide_model},
        {"quantize", &Pipeline::quantize},
        {"lower", &Pipeline::lower},
        {"emit", &Pipeline::emit},
        {"compile", &Pipeline::compile},
        {"evaluate", &Pipeline::evaluate},
        {"time", &Pipeline::time},
        {"profile", &Pipeline::profile},
        {"report", &Pipeline::write_report},
    };
    for (const auto& [name, stage] : kStages) {
      if (stop_requested()) return fail("interrupted before stage '{}'; nothing was written", name);
      const Stopwatch watch;
      if (auto done = (this->*stage)(); !done) return done.error();
      if (std::string_view(name) != "report")
        report_.stages.push_back(
            {name, watch.seconds(), Measure(static_cast<double>(peak_rss_bytes()))});
    }
    Conversion done{std::move(report_), options_.output, std::move(unmet_), {}};
    for (const ManifestModule& module : emitted_.modules) {
      done.files.push_back(module.file);
      if (module.engine) done.files.push_back(module.engine->file);
    }
    return done;
  }

 private:
  Result<void> import() {
    constexpr std::string_view kPrecisions[] = {"fp32", "fp16", "bf16", "int8"};
    if (std::find(std::begin(kPrecisions), std::end(kPrecisions), options_.precision) ==
        std::end(kPrecisions))
      return fail("--precision '{}': there are fp32, fp16, bf16, int8 and auto",
                  options_.precision);
    for (const std::string& text : options_.max_drop) {
      auto requirement = parse_requirement(text);
      if (!requirement) return requirement.error();
      requirements_.push_back(*requirement);
    }
    auto target = resolve_target(options_.target);
    if (!target) return target.error();
    target_ = *target;
    const TargetStatus status = target_.status();
    if (!status.build.available)
      if (auto done = simulate_target(status); !done) return done;
    if (options_.precision == "int8" && !options_.data && !options_.encodings &&
        options_.weights_only.empty())
      return fail(
          "--precision int8 needs --data: samples from which the ranges of the activations are "
          "measured; or --encodings with ranges that are known, or --weights-only");
    if (options_.precision != "int8" && !options_.weights_only.empty())
      return fail("--weights-only says what is quantized: it needs --precision int8");
    if (options_.precision != "int8" && options_.encodings)
      return fail("--encodings says what is quantized: it needs --precision int8");
    // Values need an engine that runs: where the target's own does not, another stands in.
    if (!status.run.available) {
      auto running = with_engine(target_);
      if (!running) return running.error();
      unproven_ = fmt::format("accepted, kernels unproven: {}", status.run.reason);
      target_ = std::move(*running);
    }
    // The output is claimed first, so that an existing folder is found before any work is done.
    auto folder = AtomicFolder::create(options_.output, options_.overwrite, kManifestName);
    if (!folder) return folder.error();
    folder_.emplace(std::move(*folder));
    if (options_.plots) {
      if (options_.precision != "int8")
        return fail("--plots shows what quantization did: it needs --precision int8");
      auto plots = create_plots_folder(*options_.plots);
      if (!plots) return plots.error();
      plots_.emplace(std::move(*plots));
    }
    if (options_.signature) {
      auto signature = read_signature(*options_.signature);
      if (!signature) return signature.error();
      signature_ = std::move(*signature);
    }
    auto model = import_model(options_.model);
    if (!model) return model.error();
    original_ = std::move(*model);
    if (auto valid = refuse_invalid(*original_); !valid) return valid;
    auto samples = open_samples(options_);
    if (!samples) return samples.error();
    samples_ = std::move(*samples);
    report_.findings = samples_.findings;
    return {};
  }

  // A target whose tools are not here, but whose arithmetic is known: the artifact is judged by the
  // simulation, which its modules are loaded with.
  Result<void> simulate_target(const TargetStatus& status) {
    is_simulated_ = simulates(target_) && options_.precision == "int8";
    if (is_simulated_) return {};
    return fail("target {} cannot be built for here: {}{}{}", target_.id, status.build.reason,
                status.diagnose.available ? "; `acuate diagnose` answers for it" : "",
                simulates(target_) ? "; with --precision int8 it is simulated" : "");
  }

  Result<void> fix_shapes() {
    auto fixed = fix_for(*original_, options_, target_, samples_);
    if (!fixed) return fixed.error();
    fixed_ = std::move(fixed->model);
    edits_ = std::move(fixed->edits);
    fix_options_ = std::move(fixed->options);
    proposed_ = !fixed->proposals.empty();
    for (const auto& [input, proposal] : fixed->proposals)
      if (options_.note && !proposal.candidates.empty()) {
        const ShapeCandidate& taken = proposal.candidates[0];
        options_.note(fmt::format(
            "Input '{}' gets the size that most samples ask for, {}x{}: {:.0f} % fit without being "
            "scaled down; `acuate fix` tells the other sizes",
            input, taken.size.width, taken.size.height, 100 * taken.fits_fraction));
      }
    ranges_ = std::move(fixed->ranges);
    set_inputs(samples_, *fixed_, ranges_);
    return {};
  }

  Result<void> legalize_model() {
    auto legal = legalize_for(*float_, options_, target_);
    if (!legal) return legal.error();
    if (options_.note && !legal->note.empty()) options_.note(legal->note);
    if (legal->model == nullptr) return {};
    float_ = std::move(legal->model);
    infer_shapes(*float_);
    edits_.insert(edits_.end(), legal->edits.begin(), legal->edits.end());
    return {};
  }

  Result<void> simplify_model() {
    auto simplified = simplify_for(*fixed_, options_, target_, edits_);
    if (!simplified) return simplified.error();
    float_ = std::move(*simplified);
    if (auto done = legalize_model(); !done) return done;
    const Preprocess* declared = nullptr;
    if (const SampleSet* set = image_samples(); set != nullptr) declared = &set->preprocess;
    std::vector<IoSpec> inputs, outputs;
    for (const Value* input : acuate::fed_inputs(*float_)) inputs.push_back(io_spec(*input));
    for (const Value* output : float_->graph().outputs()) outputs.push_back(io_spec(*output));
    auto adapter = adapter_for(options_, inputs, outputs, declared);
    if (!adapter) return adapter.error();
    adapter_ = std::move(*adapter);
    return {};
  }

  // The samples that are images, if any are.
  const SampleSet* image_samples() const {
    const SampleSet* set = samples_.calibration  ? &*samples_.calibration
                           : samples_.evaluation ? &*samples_.evaluation
                                                 : nullptr;
    return set != nullptr && set->dataset.is_images() ? set : nullptr;
  }

  Result<void> diagnose_model() {
    if (samples_.calibration) {
      auto probed = findings_of_inputs(*fixed_, target_, *samples_.calibration, engine_options());
      if (!probed) return probed.error();
      for (Finding& finding : *probed) report_.findings.push_back(std::move(finding));
    }
    auto costs = read_partition_costs(options_.costs, target_, {});
    if (!costs) return costs.error();
    DiagnoseOptions options{.fix = fix_options_,
                            .shapes_source = proposed_ ? "proposed from the data" : "as given",
                            .costs = *costs ? &(*costs)->costs : nullptr};
    std::vector<std::string> ids = options_.diagnose;
    ids.insert(ids.begin(), target_.id);
    for (const std::string& id : ids) {
      auto target = id == target_.id ? Result<Target>(target_) : resolve_target(id);
      if (!target) return target.error();
      if (id != target_.id) options.costs = nullptr;  // the tables are of the target
      auto findings = diagnose(*original_, *target, options);
      if (!findings) return fail("target {}: {}", id, findings.error().message);
      for (Finding& finding : *findings) {
        // What is wrong with the model itself is told once, not for every target.
        if (std::find(report_.findings.begin(), report_.findings.end(), finding) ==
            report_.findings.end())
          report_.findings.push_back(std::move(finding));
      }
    }
    return {};
  }

  Result<void> divide_model() {
    if (options_.precision == "int8")
      if (auto ready = prepare_quantization(float_); !ready) return ready;
    if (options_.precision != "fp32") name_nodes(*float_);
    auto division = divide_for(*float_, *original_, options_, target_);
    if (!division) return division.error();
    division_ = std::move(*division);
    for (Finding& finding : division_.findings) report_.findings.push_back(std::move(finding));
    report_division(report_, division_);
    if (options_.note)
      for (const ReportOption& option : report_.coverage.options)
        options_.note(option_text(report_, option));
    return {};
  }

  Result<void> quantize() {
    if (options_.precision != "int8") return {};
    std::set<std::string, std::less<>> on_host;
    for (const auto& [node, label] : division_.labels)
      if (label == kHost) on_host.insert(node);
    on_host.insert(division_.in_float16.begin(), division_.in_float16.end());
    auto quantized = quantize_for(*original_, *float_, options_, target_, on_host, samples_);
    if (!quantized) return quantized.error();
    quantized_ = std::move(*quantized);
    if (quantized_->calibration.samples > 0)
      tell_calibration(*original_, *float_, quantized_->calibration, report_.findings);
    if (!options_.encodings) tell_range_needs(*quantized_, report_.findings);
    infer_shapes(*quantized_->model);  // of what quantization wrote, which may stand at a border
    return {};
  }

  // The network as it goes into the artifact.
  const Model& emitted_model() const {
    return lowered_ ? *lowered_ : quantized_ ? *quantized_->model : *float_;
  }

  bool in_bfloat16() const { return options_.precision == "bf16" && target_.computes_in_bfloat16; }

  // Into 16-bit floats: what the precision says, or a module's entry in the configuration.
  Result<void> lower() {
    // Where the engine itself does it the network stays as it is.
    ConvertOptions options = options_;
    if (in_bfloat16()) options.precision = "fp32";
    auto lowered = lower_for(*original_, *float_, emitted_model(), options, target_, division_,
                             samples_.calibration ? &*samples_.calibration : nullptr);
    if (!lowered) return lowered.error();
    for (Finding& finding : lowered->findings) report_.findings.push_back(std::move(finding));
    if (options_.note)
      for (const std::string& line : lowered->notes) options_.note(line);
    lowered_ = std::move(lowered->model);
    return {};
  }

  Result<void> emit() {
    const fs::path& folder = folder_->path();
    std::error_code code;
    fs::create_directories(folder / "modules", code);
    if (code) return fail("cannot create {}: {}", (folder / "modules").string(), code.message());
    Target emitted_for = target_;
    if (is_simulated_) emitted_for.stand_in.clear();  // the modules are the target's own
    auto emitted = emit_modules(emitted_model(), division_, emitted_for, folder);
    if (!emitted) return emitted.error();
    emitted_ = std::move(*emitted);
    for (size_t i = 0; i < emitted_.modules.size(); ++i)
      if (in_bfloat16() && emitted_.on_target[i])
        emitted_.modules[i].arithmetic = Arithmetic::Bfloat16;
    std::string script = "# Edits that make the float network of this artifact out of " +
                         json_quote(options_.model.filename().string()) + "\n";
    for (const std::string& line : edits_) script += line + "\n";
    if (quantized_)
      script += fmt::format(
          "# modules/ has that network at opset {}, with names for all nodes, quantized by "
          "encodings.json\n",
          float_->opset_version());
    if (lowered_) script += "# modules/ computes in 16-bit floats where report.json says so\n";
    if (auto written = write_text_file(folder / "edits.acu", script); !written) return written;
    if (quantized_)
      if (auto written =
              write_text_file(folder / "encodings.json",
                              write_encodings(quantized_->encodings, quantized_->changes));
          !written)
        return written;
    return {};
  }

  Result<void> compile() {
    std::map<std::string, ShapeRange> ranges;
    for (const auto& [input, range] : ranges_)
      if (std::count(range.min.begin(), range.min.end(), -1) == 0) ranges[input] = range;
    if (auto built = build_engines(emitted_, target_, {std::move(ranges), options_.devices},
                                   folder_->path());
        !built)
      return built;
    Manifest manifest;
    manifest.acuate = kVersion;
    manifest.target = target_.id;
    if (auto described =
            describe_ports(emitted_.modules, *float_, folder_->path(), engine_options(), manifest);
        !described)
      return described;
    if (const SampleSet* set = image_samples()) manifest.preprocess = set->preprocess;
    if (adapter_) {
      adapter_->open_sizes(manifest.inputs);
      manifest.adapters.push_back(*adapter_);
    }
    for (const auto& [input, range] : ranges_)
      manifest.shape_ranges[input] = {range.min, range.opt, range.max};
    manifest.modules = emitted_.modules;
    if (signature_)
      if (auto written = write_text_file(folder_->path() / kSignatureName, signature_->text);
          !written)
        return written;
    for (const auto& entry : fs::recursive_directory_iterator(folder_->path())) {
      const fs::path name = fs::relative(entry.path(), folder_->path());
      if (!entry.is_regular_file() || (!name.has_parent_path() && name != kSignatureName)) continue;
      auto file = describe_file(folder_->path(), name.generic_string());
      if (!file) return file.error();
      if (*name.begin() == "modules") converted_bytes_ += file->size_bytes;
      manifest.files.push_back(std::move(*file));
    }
    report_environment(report_, fmt::format("{} {}", target_.id, target_.status().run.version),
                       options_.threads, options_.seed);
    for (const auto& [key, value] : report_.environment) manifest.environment[key] = value;
    return write_text_file(folder_->path() / kManifestName, write_manifest(manifest));
  }

  Result<void> evaluate() {
    auto bytes = model_bytes(*fixed_);
    if (!bytes) return bytes.error();
    auto engine = target_.load(ModelSource::memory(as_bytes(*bytes)), engine_options());
    if (!engine) return fail("the float model does not run: {}", engine.error().message);
    baseline_.emplace(Runnable::of(std::move(*engine)));
    auto artifact = Runnable::open(folder_->path(), target_, engine_options());
    if (!artifact) return artifact.error();
    converted_.emplace(std::move(*artifact));
    if (auto told = ask_for_output_kinds(); !told) return told;
    if (!samples_.evaluation) {
      Finding finding = new_finding("no_evaluation_data");
      finding.cause =
          "No data were given to judge the converted model on, so its accuracy is unknown.";
      finding.stage = "evaluate";
      report_.findings.push_back(std::move(finding));
      unmet_ = unmet(requirements_, {});
      require_coverage();
      return {};
    }
    judging_ = judging_of(samples_, options_);
    auto values = evaluate_pair(&*baseline_, *converted_, judging_->samples, judging_->evaluation);
    if (!values) return values.error();
    report_accuracy(report_, *values);
    unmet_ = unmet(requirements_, *values);
    for (const std::string& sentence : unmet_) {
      Finding finding = new_finding("requirement_not_met");
      finding.target = target_.id;
      finding.cause = "A condition that was required with --max-drop does not hold.";
      finding.evidence = sentence;
      finding.stage = "evaluate";
      report_.findings.push_back(std::move(finding));
    }
    require_coverage();
    return {};
  }

  // Outputs of an adapted network whose meaning nobody declared, with what tests on the float model
  // propose.
  Result<void> ask_for_output_kinds() {
    if (!adapter_) return {};
    const std::vector<std::string> names = undeclared_outputs(*adapter_, baseline_->outputs());
    if (names.empty()) return {};
    const SampleSet* set = samples_.evaluation    ? &*samples_.evaluation
                           : samples_.calibration ? &*samples_.calibration
                                                  : nullptr;
    constexpr size_t kTested = 4;
    auto proposals = propose_output_kinds(
        *adapter_, baseline_->inputs(), baseline_->outputs(), names,
        [this](std::span<const Tensor> inputs) { return baseline_->run(inputs); },
        [set](size_t i) { return set->load(i); },
        set == nullptr ? 0 : std::min(set->size(), kTested));
    if (!proposals) return proposals.error();
    report_.findings.push_back(unknown_kinds_finding(names, *proposals));
    return {};
  }

  void require_coverage() {
    const double found = division_.counts.coverage();
    if (!options_.require_coverage || found >= *options_.require_coverage) return;
    Finding finding = new_finding("requirement_not_met");
    finding.target = target_.id;
    finding.cause = "The coverage that was required with --require-coverage is not reached.";
    finding.evidence = fmt::format("{} of {} nodes are on the target, {:.3f}; required: {}",
                                   division_.counts.nodes_on_target, division_.counts.nodes_total,
                                   found, *options_.require_coverage);
    finding.stage = "partition";
    unmet_.push_back("coverage: " + finding.evidence);
    report_.findings.push_back(std::move(finding));
  }

  // Baseline and converted model run in turn on the same cores: threads that spin after their own
  // run would slow the other one down.
  EngineOptions engine_options() const { return {.threads = options_.threads, .spinning = false}; }

  // Inputs for timing: a real sample, or zeros.
  Result<std::vector<Tensor>> timing_inputs() const {
    for (const auto* set : {&samples_.evaluation, &samples_.calibration})
      if (*set) return (*set)->load(0);
    std::vector<Tensor> inputs;
    for (const IoSpec& port : baseline_->inputs()) {
      const auto range = ranges_.find(port.name);
      Shape shape = range != ranges_.end() ? range->second.opt : port.shape;
      if (signature_ && range == ranges_.end())
        if (const auto sample = signature_->sample_shapes.find(port.name);
            sample != signature_->sample_shapes.end() && sample->second.size() == shape.size())
          for (size_t i = 0; i < shape.size(); ++i)
            if (shape[i] < 0) shape[i] = sample->second[i];
      for (int64_t& dim : shape)
        if (dim < 0) dim = 1;
      inputs.push_back(Tensor::allocate(port.type, shape));
    }
    return inputs;
  }

  Result<void> time() {
    if (is_simulated_) {
      report_.latency.baseline_ms = report_.latency.converted_ms =
          Measure::none("the network was simulated; that says nothing of the target's speed");
      return {};
    }
    if (options_.runs <= 0) return {};
    auto inputs = timing_inputs();
    if (!inputs) return inputs.error();
    const auto run = [&](Runnable& runnable) {
      return [&]() -> Result<void> {
        auto outputs = runnable.run(*inputs);
        return outputs ? Result<void>() : Result<void>(outputs.error());
      };
    };
    auto timings =
        time_interleaved({run(*baseline_), run(*converted_)}, options_.runs, 2, options_.progress);
    if (!timings) {
      if (samples_.evaluation || samples_.calibration) return timings.error();
      report_.latency.baseline_ms = report_.latency.converted_ms =
          Measure::none("no samples, and the model does not run on zeros");
      return {};
    }
    report_latency(report_, (*timings)[0], (*timings)[1]);
    // Of the engine that stands in: no time of the target.
    if (!unproven_.empty())
      report_.latency.converted_ms = report_.latency.p95_ms = Measure::none(unproven_);
    return {};
  }

  Result<void> profile() {
    auto artifact =
        Runnable::open(folder_->path(), target_, {.threads = options_.threads, .profile = true});
    if (!artifact) return artifact.error();
    auto inputs = timing_inputs();
    if (!inputs) return inputs.error();
    for (int i = 0; i < kProfiledRuns; ++i)
      if (auto outputs = artifact->run(*inputs); !outputs) {
        report_.kernels.unproven = outputs.error().message;
        return {};
      }
    auto profile = artifact->profile();
    if (!profile) return profile.error();
    if (is_simulated_) return tell_simulation(*profile);
    profile_ = std::move(*profile);
    report_kernels(report_, profile_);
    if (lowered_) report_.findings.push_back(precision_unproven_finding(target_.id));
    if (!unproven_.empty()) report_.kernels = {.executed = {}, .unproven = unproven_};
    if (quantized_ && unproven_.empty())
      for (Finding& finding : findings_of_execution(*quantized_, profile_, target_.id))
        report_.findings.push_back(std::move(finding));
    return {};
  }

  // Nothing ran on the target: the kinds of steps say so, and no time is of its kernels.
  Result<void> tell_simulation(Profile& profile) {
    size_t in_float = 0;
    for (KernelRecord& kernel : profile.kernels) {
      if (kernel.provider.starts_with(kInFloat)) ++in_float;
      kernel.op_type = "simulated " + kernel.op_type;
    }
    report_kernels(report_, profile);
    if (options_.note)
      options_.note(fmt::format(
          "Accuracy is that of the simulation in integers (docs/simulate.md), {} of whose {} steps "
          "were computed in float; that the chip gives the same is unproven",
          in_float, profile.kernels.size()));
    return {};
  }

  Result<void> write_report() {
    const Stopwatch watch;
    const auto modules = ModelModuleTree::carried_over(*float_, *original_);
    report_model(report_, *original_, *fixed_, *float_);
    report_.model.converted_size_bytes = Measure(static_cast<double>(converted_bytes_));
    report_.target = {target_.id,         target_.summary,
                      engine_version(),   unproven_.empty() ? "CPU" : "none here",
                      options_.precision, ""};
    if (is_simulated_) {
      report_.target.engine = "simulation in integers; agreement with the chip is unproven";
      report_.target.version = kVersion;
    }
    if (quantized_) {
      report_.target.scheme = QuantizationRequest{}.scheme;
      if (!options_.scheme.empty()) report_.target.scheme = to_snake_case(options_.scheme);
      const Model& quantized = *quantized_->float_model;
      report_quantization(report_, quantized, ModelModuleTree::carried_over(quantized, *original_),
                          *quantized_);
      report_depth(report_, *quantized_, target_, samples_, options_);
    }
    report_modules(report_, *float_, modules, division_, emitted_.file_of_node, profile_);
    if (signature_) tell_known_modules(report_, signature_->modules);
    if (quantized_) report_module_noise(report_);
    report_.stages.push_back(
        {"report", watch.seconds(), Measure(static_cast<double>(peak_rss_bytes()))});
    if (auto written = write_text_file(folder_->path() / "report.json", render_json(report_));
        !written)
      return written;
    if (auto written = write_text_file(folder_->path() / "report.html", render_html(report_));
        !written)
      return written;
    if (auto done = folder_->commit(); !done || !plots_) return done;
    return write_plots(report_, std::move(*plots_));
  }

  // Of what the engines belong to, or else of what loads the modules.
  std::string engine_version() const {
    for (const ManifestModule& module : emitted_.modules)
      if (module.engine) return module.engine->made_by;
    return target_.status().run.version;
  }

  const ConvertOptions& options_;
  Target target_;
  bool is_simulated_ = false;
  std::optional<AtomicFolder> folder_, plots_;
  std::vector<Requirement> requirements_;
  std::optional<Signature> signature_;
  std::unique_ptr<Judging> judging_;
  std::unique_ptr<Model> original_, fixed_;
  std::unique_ptr<Model> float_;    // simplified: the canonical float graph
  std::unique_ptr<Model> lowered_;  // with 16-bit floats in it; null: without
  Samples samples_;
  std::optional<PadAdapter> adapter_;
  FixOptions fix_options_;
  std::map<std::string, ShapeRange> ranges_;
  bool proposed_ = false;
  std::vector<std::string> edits_;
  Division division_;
  EmittedModules emitted_;
  std::optional<Quantized> quantized_;
  std::optional<Runnable> baseline_, converted_;
  Profile profile_;
  uint64_t converted_bytes_ = 0;
  Report report_;
  std::vector<std::string> unmet_;
  std::string unproven_;  // why nothing of the target itself ran; empty where it did
};

}  // namespace

Result<Conversion> convert(const ConvertOptions& options) {
  const bool chooses = options.target == "auto" || options.precision == "auto";
  if (chooses && options.plots)
    return fail(
        "--plots shows one conversion, and auto makes several; draw what it keeps with `acuate "
        "report "
        "DIR --plots`");
  if (chooses) return convert_to_fastest(options);
  return Pipeline(options).run();
}

}  // namespace acuate
