#include "quantize/hybrid_damage.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "quantize/sensitivity.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// What is left of the noise of an activation on the wider grid: the gain to the outputs is the
// same.
double noise_left(const Histogram& histogram, const TensorEncoding& narrow,
                  const TensorEncoding& wide) {
  const GridNoiseModel model(histogram);
  const double before = model.noise(narrow.quantization.grid()).total();
  return before > 0 ? model.noise(wide.quantization.grid()).total() / before : 0;
}

double noise_left(const TensorEncoding& narrow, const TensorEncoding& wide) {
  if (!narrow.sqnr_db || !wide.sqnr_db) return 0;
  return std::pow(10, (*narrow.sqnr_db - *wide.sqnr_db) / 10);
}

}  // namespace

Result<HybridDamage> measure_hybrid_damage(const Quantizer& quantizer, const Prepared& prepared,
                                           const HybridLayers& layers, const Model& narrow,
                                           const Encodings& wide, size_t samples,
                                           const SampleLoader& load) {
  const EncodingIndex narrow_of(prepared.encodings), wide_of(wide);
  std::vector<SensitivityCandidate> candidates;
  std::vector<double> left;  // of each candidate's noise, where it is wide
  for (const PlannedActivation& planned : prepared.plan.activations) {
    const TensorEncoding& before = *narrow_of.find(planned.value->name);
    candidates.push_back({before.tensor, {before.quantization}});
    const TensorEncoding* after = wide_of.find(before.tensor);
    const Histogram& histogram = prepared.calibration.histograms.find(before.tensor)->second;
    left.push_back(after != nullptr ? noise_left(histogram, before, *after) : 0);
  }
  for (const HybridLayers::Weight& weight : layers.weights) {
    const TensorEncoding& before = *narrow_of.find(weight.tensor);
    candidates.push_back(
        {weight.tensor, {before.quantization}, float_constant(narrow.graph().find(weight.tensor))});
    const TensorEncoding* after = wide_of.find(weight.tensor);
    left.push_back(after != nullptr ? noise_left(before, *after) : 0);
  }
  SensitivityOptions options;
  options.calibration = quantizer.options().calibration;
  auto sensitivity = measure_sensitivity(*prepared.model, quantizer.target(), candidates,
                                         std::min(samples, options.probes), load, options);
  if (!sensitivity) return sensitivity.error();
  const double groups = static_cast<double>(std::max<size_t>(sensitivity->groups.size(), 1));
  HybridDamage damage;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const double before = sensitivity->tensors[i].grids[0].sum() / groups;
    (i < prepared.plan.activations.size() ? damage.activations : damage.weights)
        .push_back({before, before * left[i]});
  }
  return damage;
}

}  // namespace acuate
