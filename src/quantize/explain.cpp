#include "quantize/explain.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "numeric/quantize_values.h"
#include "quantize/drift.h"
#include "quantize/sensitivity.h"

namespace acuate {
namespace {

// The tensor on 16 bits, over all of its values.
Result<Quantization> int16_grid(const Model& model, const TensorEncoding& encoding,
                                const Calibration& calibration) {
  const Scheme& scheme = *schemes().lookup("s16");
  const Value& value = *model.graph().find(encoding.tensor);
  if (value.is_constant()) {
    auto values = model.load(*value.initializer);
    if (!values) return values.error();
    return quantization_of(*values, scheme, encoding.quantization.per_channel_axis, true);
  }
  const auto found = calibration.histograms.find(encoding.tensor);
  const auto range = found == calibration.histograms.end() ? std::nullopt : found->second.range();
  return range ? scheme.from_range(range->min, range->max)
               : scheme.from_range(encoding.range_min, encoding.range_max);
}

std::string layer_of(const Value& value) {
  if (value.producer != nullptr) return value.producer->address();
  if (value.is_constant() && !value.uses().empty()) return value.uses()[0].node->address();
  return to_valid_utf8(value.name);  // an input
}

void add_damage(const Sensitivity& sensitivity, Explanation& out) {
  const double groups = std::max<double>(1, static_cast<double>(sensitivity.groups.size()));
  double total = 0;
  for (size_t i = 0; i < out.tensors.size(); ++i) {
    TensorExplanation& tensor = out.tensors[i];
    tensor.damage = sensitivity.tensors[i].grids[0].sum() / groups;
    tensor.int16_damage = sensitivity.tensors[i].grids[1].sum() / groups;
    total += tensor.damage;
  }
  if (!(total > 0)) return;
  out.predicted_sqnr_db = -10 * std::log10(total);
  for (TensorExplanation& tensor : out.tensors) {
    tensor.share = tensor.damage / total;
    const double rest = total - tensor.damage + tensor.int16_damage;
    tensor.int16_gain_db = rest > 0 ? 10 * std::log10(total / rest) : 0;
  }
}

}  // namespace

Result<Explanation> explain_quantization(const Quantized& quantized, const Target& target,
                                         size_t samples, const SampleLoader& load,
                                         const CalibrationOptions& options) {
  if (samples == 0) return fail("errors are explained by samples, and there are none: give --data");
  Explanation out;
  out.samples = std::min(samples, kExplainedSamples);
  const Model& model = *quantized.float_model;
  std::vector<SensitivityCandidate> candidates;
  std::vector<std::string> activations;
  for (const TensorEncoding& encoding : quantized.encodings.tensors) {
    const Value& value = *model.graph().find(encoding.tensor);
    auto wide = int16_grid(model, encoding, quantized.calibration);
    if (!wide) return wide.error();
    candidates.push_back({encoding.tensor, {encoding.quantization, std::move(*wide)}});
    TensorExplanation row;
    row.tensor = encoding.tensor;
    row.layer = layer_of(value);
    row.is_weight = value.is_constant();
    out.tensors.push_back(std::move(row));
    if (!value.is_constant()) activations.push_back(encoding.tensor);
  }
  SensitivityOptions sweep;
  sweep.calibration = options;
  auto sensitivity = measure_sensitivity(model, target, candidates, out.samples, load, sweep);
  if (!sensitivity) return sensitivity.error();
  add_damage(*sensitivity, out);
  auto drift = measure_drift(quantized, target, activations, out.samples, load, options);
  if (!drift) return drift.error();
  for (TensorExplanation& tensor : out.tensors)
    if (const auto found = drift->find(tensor.tensor); found != drift->end())
      tensor.cumulative_sqnr_db = found->second;
  std::stable_sort(out.tensors.begin(), out.tensors.end(),
                   [](const auto& a, const auto& b) { return a.damage > b.damage; });
  return out;
}

}  // namespace acuate
