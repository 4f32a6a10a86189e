#include "quantize/output_ranges.h"

#include <algorithm>
#include <unordered_set>

#include "quantize/sensitivity.h"

namespace acuate {
namespace {

constexpr size_t kSamples = 16;
constexpr size_t kProbes = 16;

// Of the scale that an encoding has. Even backgrounds of a few steps above zero need far ones for
// another rounding, those of a hundred steps near ones.
constexpr double kFactors[] = {1,     0.6,   0.7,   0.8,   0.85,  0.9,   0.93,  0.95,
                               0.965, 0.975, 0.985, 0.993, 1.007, 1.015, 1.025, 1.035,
                               1.05,  1.07,  1.1,   1.15,  1.2,   1.3,   1.45};

// Both ends of the range by the factor, so that zero stays where it is.
Quantization scaled(Quantization quantization, double factor) {
  quantization.scale[0] = static_cast<float>(quantization.scale[0] * factor);
  return quantization;
}

}  // namespace

Result<void> refine_at_outputs(const Model& model, const Target& target,
                               const QuantizationPlan& plan, const Calibration& calibration,
                               size_t samples, const SampleLoader& load,
                               const CalibrationOptions& options, Encodings& encodings) {
  if (samples == 0)
    return fail("it measures what ranges do at the outputs, so it needs samples, not histograms");
  std::unordered_set<std::string_view> refined;
  for (const PlannedActivation& planned : plan.activations)
    if (const Scheme* scheme = schemes().lookup(planned.scheme);
        scheme != nullptr && !scheme->is_float() && !scheme->power_of_two)
      refined.insert(planned.value->name);
  std::vector<SensitivityCandidate> candidates;
  std::vector<TensorEncoding*> refining;  // that of each candidate
  for (TensorEncoding& encoding : encodings.tensors) {
    if (refined.count(encoding.tensor) == 0) continue;
    SensitivityCandidate candidate{encoding.tensor, {}};
    for (const double factor : kFactors)
      candidate.grids.push_back(scaled(encoding.quantization, factor));
    candidates.push_back(std::move(candidate));
    refining.push_back(&encoding);
  }
  SensitivityOptions sweep;
  sweep.calibration = options;
  sweep.probes = kProbes;
  sweep.inject = false;
  auto sensitivity =
      measure_sensitivity(model, target, candidates, std::min(samples, kSamples), load, sweep);
  if (!sensitivity) return sensitivity.error();
  for (size_t i = 0; i < candidates.size(); ++i) {
    const TensorDamage& damage = sensitivity->tensors[i];
    if (!damage.not_reached.empty()) continue;
    const auto best = std::min_element(
        damage.grids.begin(), damage.grids.end(),
        [](const GridDamage& a, const GridDamage& b) { return a.sum() < b.sum(); });
    const auto place = static_cast<size_t>(best - damage.grids.begin());
    TensorEncoding& encoding = *refining[i];
    encoding.quantization = candidates[i].grids[place];
    encoding.range_min *= kFactors[place];
    encoding.range_max *= kFactors[place];
    measure_encoding(calibration.histograms.find(encoding.tensor)->second, encoding);
  }
  return {};
}

}  // namespace acuate
