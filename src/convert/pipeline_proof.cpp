#include "base/version.h"
#include "convert/judging.h"
#include "convert/lower_precision.h"
#include "convert/pipeline.h"
#include "convert/report_parts.h"
#include "diagnose/rule.h"
#include "onnx_io/export.h"
#include "report/plots/plot_files.h"
#include "report/writer.h"
#include "targets/simulated_engine.h"

namespace acuate {
namespace {

constexpr int kProfiledRuns = 3;

}  // namespace

Result<void> Pipeline::evaluate() {
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
Result<void> Pipeline::ask_for_output_kinds() {
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

void Pipeline::require_coverage() {
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
EngineOptions Pipeline::engine_options() const {
  return {.threads = options_.threads, .spinning = false};
}

// Inputs for timing: a real sample, or zeros.
Result<std::vector<Tensor>> Pipeline::timing_inputs() const {
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

Result<void> Pipeline::time() {
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

Result<void> Pipeline::profile() {
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
Result<void> Pipeline::tell_simulation(Profile& profile) {
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

Result<void> Pipeline::write_report() {
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
std::string Pipeline::engine_version() const {
  for (const ManifestModule& module : emitted_.modules)
    if (module.engine) return module.engine->made_by;
  return target_.status().run.version;
}

}  // namespace acuate
