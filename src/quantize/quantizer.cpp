#include "quantize/quantizer.h"

#include "base/text.h"
#include "quantize/calibration_file.h"
#include "quantize/output_ranges.h"

namespace acuate {
namespace {

Result<size_t> apply(const Recovery& recovery, RecoveryContext context) {
  auto places = recovery.apply(context);
  if (!places) return fail("{}: {}", to_kebab_case(recovery.id), places.error().message);
  return places;
}

Result<void> refuse_or_explain(const Calibration& calibration, const SampleLoader& load,
                               const QuantizeOptions& options) {
  if (!calibration.non_finite.empty() && options.explain_non_finite)
    return options.explain_non_finite(calibration, load);
  return refuse_non_finite(calibration);
}

Result<void> refuse_empty(const QuantizationPlan& plan) {
  if (!plan.anchors.empty()) return {};
  return fail(
      "nothing to quantize: the model has no convolution or matrix product with constant float32 "
      "weights{}",
      plan.kept_float.empty()
          ? ""
          : "; the first that stays in float is '" + plan.kept_float[0].node->address() +
                "': " + plan.kept_float[0].reason);
}

}  // namespace

Result<void> refuse_non_finite(const Calibration& calibration) {
  if (calibration.non_finite.empty()) return {};
  const NonFinite& first = calibration.non_finite.front();
  return fail(
      "activation '{}' is NaN or infinite in calibration sample {} (and {} more tensors are); "
      "check the sample and its pre-processing",
      to_valid_utf8(first.tensor), first.sample, calibration.non_finite.size() - 1);
}

Result<Prepared> Quantizer::measure(const std::vector<const Recovery*>& used, size_t samples,
                                    const SampleLoader& load, const Progress& progress) const {
  Prepared result;
  result.model = model_.clone();
  Model& model = *result.model;
  auto plan = target_.backend->plan_quantization(model, request_);
  if (!plan) return plan.error();
  if (auto some = refuse_empty(*plan); !some) return some.error();
  for (const Recovery* recovery : used) {
    if (recovery->phase != Recovery::Phase::BeforeRanges) continue;
    auto places = apply(*recovery, {model, target_, *plan, nullptr, nullptr, result.changes,
                                    samples, load, threads()});
    if (!places) return places.error();
    result.recovery.push_back({recovery->id, *places, true, {}});
    plan = target_.backend->plan_quantization(model, request_);
    if (!plan) return plan.error();
  }
  std::vector<std::string> tensors;
  for (const PlannedActivation& planned : plan->activations)
    tensors.emplace_back(planned.value->name);
  CalibrationOptions calibration_options = options_.calibration;
  calibration_options.progress = progress;
  auto calibration = options_.measured != nullptr
                         ? calibration_for(model, tensors, *options_.measured)
                         : calibrate(model, target_, tensors, samples, load, calibration_options);
  if (!calibration) return calibration.error();
  if (auto finite = refuse_or_explain(*calibration, load, options_); !finite) return finite.error();
  result.calibration = std::move(*calibration);
  return result;
}

Result<Prepared> Quantizer::choose_ranges(const Prepared& measured,
                                          const std::vector<const Recovery*>& used, size_t samples,
                                          const SampleLoader& load) const {
  Prepared result;
  result.model = measured.model->clone();
  result.calibration = measured.calibration;
  result.changes = measured.changes;
  result.recovery = measured.recovery;
  Model& model = *result.model;
  auto plan = target_.backend->plan_quantization(model, request_);
  if (!plan) return plan.error();
  for (const Recovery* recovery : used) {
    if (recovery->phase != Recovery::Phase::Grids) continue;
    auto places = apply(*recovery, {model, target_, *plan, &result.calibration, nullptr,
                                    result.changes, samples, load, threads()});
    if (!places) return places.error();
    result.recovery.push_back({recovery->id, *places, true, {}});
  }
  auto encodings =
      choose_encodings(model, *plan, result.calibration, range_, options_.weight_range);
  if (!encodings) return encodings.error();
  if (range_.refined_at_outputs)
    if (auto done = refine_at_outputs(model, target_, *plan, result.calibration, samples, load,
                                      options_.calibration, *encodings);
        !done)
      return fail("range {}: {}", range_.text, done.error().message);
  result.plan = std::move(*plan);
  result.encodings = std::move(*encodings);
  return result;
}

Result<Prepared> Quantizer::prepare(const std::vector<const Recovery*>& used, size_t samples,
                                    const SampleLoader& load, const Progress& progress) const {
  auto measured = measure(used, samples, load, progress);
  if (!measured) return measured.error();
  return choose_ranges(*measured, used, samples, load);
}

Result<Quantized> Quantizer::finish(const Prepared& prepared, const Encodings& encodings,
                                    const std::vector<const Recovery*>& used, size_t samples,
                                    const SampleLoader& load) const {
  Quantized result;
  result.float_model = prepared.model->clone();
  Model& model = *result.float_model;
  result.recovery = prepared.recovery;
  result.encodings = encodings;
  result.changes = prepared.changes;
  auto plan = target_.backend->plan_quantization(model, request_);
  if (!plan) return plan.error();
  for (const Recovery* recovery : used) {
    if (recovery->phase < Recovery::Phase::Weights) continue;
    auto places = apply(*recovery, {model, target_, *plan, &prepared.calibration, &encodings,
                                    result.changes, samples, load, threads()});
    if (!places) return places.error();
    result.recovery.push_back({recovery->id, *places, true, {}});
  }
  for (const Node* node : prepared.plan.anchors) result.anchors.push_back(node->address());
  for (const KeptFloat& kept : prepared.plan.kept_float)
    result.kept_float.emplace_back(kept.node->address(), kept.reason);
  result.model = model.clone();
  if (auto emitted = target_.backend->emit_quantized(*result.model, result.encodings); !emitted)
    return emitted.error();
  return result;
}

Result<Quantized> Quantizer::run(const std::vector<const Recovery*>& used, size_t samples,
                                 const SampleLoader& load, const Progress& progress) const {
  auto prepared = prepare(used, samples, load, progress);
  if (!prepared) return prepared.error();
  auto quantized = finish(*prepared, prepared->encodings, used, samples, load);
  if (quantized) quantized->calibration = std::move(prepared->calibration);
  return quantized;
}

}  // namespace acuate
