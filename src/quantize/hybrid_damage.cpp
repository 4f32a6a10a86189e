#include "quantize/hybrid_damage.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "quantize/probe.h"
#include "quantize/sensitivity.h"
#include "rewrite/surgery.h"
#include "shape/infer.h"

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

// The float graph with what its narrow activations lose added to them, by values whose names are
// returned. Model outputs stay as they are: nothing follows from them.
std::vector<std::string> add_noise_of_narrow(Model& model, const Prepared& prepared,
                                             const std::set<std::string, std::less<>>& promoted) {
  std::vector<std::string> noises;
  Graph& graph = model.graph();
  const EncodingIndex encodings(prepared.encodings);
  for (const PlannedActivation& planned : prepared.plan.activations) {
    const std::string name(planned.value->name);
    Value& value = *graph.find(name);
    const Quantization& quantization = encodings.find(name)->quantization;
    if (promoted.count(name) > 0 || value.is_output() || quantization.is_float()) continue;
    Node* before = value.producer != nullptr ? value.producer->next() : graph.first();
    Value* read = graph.add_value(graph.unused_name(name + "_on_grid"));
    graph.replace_uses(value, *read);
    GraphWriter writer(graph, before, name + "_grid", ElementType::Float);
    Value* noise = writer.add("Sub", {write_fake_quantized(writer, &value, quantization), &value});
    graph.add_node("Add", "", "", {&value, noise}, {read}, before);
    noises.emplace_back(noise->name);
  }
  infer_shapes(model);
  return noises;
}

}  // namespace

Result<HybridDamage> measure_hybrid_damage(const Quantizer& quantizer, const Prepared& prepared,
                                           const HybridLayers& layers, const Model& narrow,
                                           const Encodings& wide, size_t samples,
                                           const SampleLoader& load,
                                           const std::set<std::string, std::less<>>* promoted) {
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
  const auto base = prepared.model->clone();
  if (promoted != nullptr) {
    options.constants = add_noise_of_narrow(*base, prepared, *promoted);
    options.probes /= 2;  // the first sweep told most of it
  }
  auto sensitivity = measure_sensitivity(*base, quantizer.target(), candidates,
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
