#include "convert/data_findings.h"
#include "convert/float_model.h"
#include "convert/partition_costs.h"
#include "convert/pipeline.h"
#include "diagnose/diagnose.h"
#include "diagnose/issues.h"
#include "onnx_io/import.h"
#include "report/plots/plot_files.h"
#include "shape/infer.h"
#include "targets/simulated_engine.h"
#include "targets/stand_in.h"

namespace acuate {

Result<void> Pipeline::import() {
  constexpr std::string_view kPrecisions[] = {"fp32", "fp16", "bf16", "int8"};
  if (std::find(std::begin(kPrecisions), std::end(kPrecisions), options_.precision) ==
      std::end(kPrecisions))
    return fail("--precision '{}': there are fp32, fp16, bf16, int8 and auto", options_.precision);
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
Result<void> Pipeline::simulate_target(const TargetStatus& status) {
  is_simulated_ = simulates(target_) && options_.precision == "int8";
  if (is_simulated_) return {};
  return fail("target {} cannot be built for here: {}{}{}", target_.id, status.build.reason,
              status.diagnose.available ? "; `acuate diagnose` answers for it" : "",
              simulates(target_) ? "; with --precision int8 it is simulated" : "");
}

Result<void> Pipeline::fix_shapes() {
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

Result<void> Pipeline::simplify_model() {
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

Result<void> Pipeline::legalize_model() {
  auto legal = legalize_for(*float_, options_, target_);
  if (!legal) return legal.error();
  if (options_.note && !legal->note.empty()) options_.note(legal->note);
  if (legal->model == nullptr) return {};
  float_ = std::move(legal->model);
  infer_shapes(*float_);
  edits_.insert(edits_.end(), legal->edits.begin(), legal->edits.end());
  return {};
}

// The samples that are images, if any are.
const SampleSet* Pipeline::image_samples() const {
  const SampleSet* set = samples_.calibration  ? &*samples_.calibration
                         : samples_.evaluation ? &*samples_.evaluation
                                               : nullptr;
  return set != nullptr && set->dataset.is_images() ? set : nullptr;
}

Result<void> Pipeline::diagnose_model() {
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

}  // namespace acuate
