#include "quantize/hybrid_widths.h"

#include <algorithm>
#include <cmath>

namespace acuate {
namespace {

constexpr double kHeadroom = 2;

Result<TensorEncoding> wide_activation(const Histogram& histogram, const std::string& tensor,
                                       const Scheme& scheme) {
  const auto range = histogram.range().value_or(FloatRange{});
  TensorEncoding wide;
  wide.tensor = tensor;
  wide.range_min = kHeadroom * range.min;
  wide.range_max = kHeadroom * range.max;
  wide.quantization = scheme.from_range(wide.range_min, wide.range_max);
  wide.range_method = "minmax";
  wide.clipped_fraction = 0;
  const GridNoiseModel noise(histogram);
  const double power = noise.noise(wide.quantization.grid()).total();
  if (power > 0 && noise.signal() > 0) wide.sqnr_db = 10 * std::log10(noise.signal() / power);
  return wide;
}

}  // namespace

HybridLayers HybridLayers::of(const QuantizationPlan& plan) {
  HybridLayers layers;
  std::unordered_map<std::string, size_t> place;  // of weights
  for (const PlannedWeight& planned : plan.weights) {
    place.emplace(planned.value->name, layers.weights.size());
    layers.weights.push_back({std::string(planned.value->name), {}});
  }
  for (const Node* anchor : plan.anchors) {
    const std::string data(anchor->input(0)->name);
    layers.readers[data].push_back(anchor);
    const auto weight = place.find(std::string(anchor->input(1)->name));
    if (weight == place.end()) continue;
    std::vector<std::string>& all = layers.weights[weight->second].data;
    if (std::find(all.begin(), all.end(), data) == all.end()) all.push_back(data);
  }
  return layers;
}

Result<Encodings> wide_encodings(const Prepared& prepared, const std::string& scheme) {
  Encodings wide;
  if (scheme == "float") return wide;
  auto found = schemes().find(scheme, "scheme");
  if (!found) return found.error();
  for (const PlannedActivation& planned : prepared.plan.activations) {
    const std::string name(planned.value->name);
    auto encoding =
        wide_activation(prepared.calibration.histograms.find(name)->second, name, **found);
    if (!encoding) return encoding.error();
    wide.tensors.push_back(std::move(*encoding));
  }
  for (PlannedWeight planned : prepared.plan.weights) {
    const Scheme& narrow = *schemes().lookup(planned.scheme);
    planned.scheme = narrow.symmetric && !(*found)->symmetric ? "s16" : scheme;
    auto encoding = weight_encoding(*prepared.model, planned);
    if (!encoding) return encoding.error();
    wide.tensors.push_back(std::move(*encoding));
  }
  return wide;
}

}  // namespace acuate
