#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include "quantize/feature_scaling.h"
#include "quantize/probe.h"
#include "quantize/recovery.h"
#include "rewrite/graph_writer.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

constexpr double kAlphas[] = {0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8};
constexpr double kLargestFactor = 1024;
constexpr double kLeastGain = 0.98;  // of a layer's noise; below, it stays as it is

// Of the samples, by feature.
struct FeatureRange {
  std::vector<double> low, high, power;  // zero included; mean square
};

Result<std::vector<FeatureRange>> measure_features(const RecoveryContext& context,
                                                   const std::vector<std::string>& tensors) {
  Probe probe(context.model);
  for (const std::string& name : tensors) {
    Value* value = probe.graph().find(name);
    GraphWriter writer(probe.graph(), probe.behind(name), name + "_features", ElementType::Float);
    std::vector<int64_t> axes;
    for (size_t axis = 0; axis + 1 < value->type.shape->size(); ++axis)
      axes.push_back(static_cast<int64_t>(axis));
    probe.want(*writer.reduce("ReduceMin", value, axes, false));
    probe.want(*writer.reduce("ReduceMax", value, axes, false));
    probe.want(*writer.reduce("ReduceMean", writer.add("Mul", {value, value}), axes, false));
  }
  std::vector<FeatureRange> ranges(tensors.size());
  const auto read = [&](std::span<const Tensor> results) {
    for (size_t i = 0; i < tensors.size(); ++i) {
      const auto low = results[3 * i].values<float>(), high = results[3 * i + 1].values<float>(),
                 power = results[3 * i + 2].values<float>();
      FeatureRange& range = ranges[i];
      range.low.resize(low.size());
      range.high.resize(low.size());
      range.power.resize(low.size());
      for (size_t c = 0; c < low.size(); ++c) {
        range.low[c] = std::min(range.low[c], static_cast<double>(low[c]));
        range.high[c] = std::max(range.high[c], static_cast<double>(high[c]));
        range.power[c] += static_cast<double>(power[c]) / static_cast<double>(context.samples);
      }
    }
  };
  if (auto run = probe.run(context.target, context.samples, context.load, context.threads, read);
      !run)
    return run.error();
  return ranges;
}

// A sink's weights as [features, results], with the scheme that they get.
struct Weights {
  std::vector<float> values;
  size_t results = 0;
  const Scheme* scheme = nullptr;
  bool per_channel = false;
};

using PlannedWeights = std::unordered_map<const Value*, const PlannedWeight*>;

std::optional<Weights> weights_of(const Node& sink, const PlannedWeights& plan) {
  const auto planned = plan.find(sink.input(1));
  const auto tensor = float_constant(sink.input(1));
  if (planned == plan.end() || !tensor) return std::nullopt;
  const bool transposed = sink.is_op("Gemm") && sink.int_attribute("transB", 0) != 0;
  const auto rows = static_cast<size_t>(tensor->shape()[0]),
             columns = static_cast<size_t>(tensor->shape()[1]);
  Weights weights{{tensor->values<float>().begin(), tensor->values<float>().end()},
                  columns,
                  schemes().lookup(planned->second->scheme),
                  planned->second->per_channel_axis >= 0};
  if (transposed) {
    weights.results = rows;
    for (size_t r = 0; r < rows; ++r)
      for (size_t c = 0; c < columns; ++c)
        weights.values[c * rows + r] = tensor->values<float>()[r * columns + c];
  }
  return weights;
}

double square(double x) { return x * x; }

// What grids add to the sinks' results, over the power of these, with activations times `factors`
// and weights divided by them: uniform errors of a step, independent of each other.
double relative_noise(const FeatureRange& range, const Scheme& activations,
                      const std::vector<Weights>& sinks, const std::vector<float>& factors) {
  const size_t features = factors.size();
  double low = 0, high = 0, power = 0;
  for (size_t c = 0; c < features; ++c) {
    low = std::min(low, range.low[c] * factors[c]);
    high = std::max(high, range.high[c] * factors[c]);
    power += range.power[c] * square(factors[c]);
  }
  const double step = activations.from_range(low, high).scale[0];
  double noise = 0;
  for (const Weights& weights : sinks) {
    std::vector<double> widest(weights.results, 0);
    double gain = 0, signal = 0;
    for (size_t c = 0; c < features; ++c) {
      double row = 0;
      for (size_t r = 0; r < weights.results; ++r) {
        const double w = weights.values[c * weights.results + r] / factors[c];
        widest[r] = std::max(widest[r], std::abs(w));
        row += w * w;
      }
      gain += row;
      signal += row * square(factors[c]) * range.power[c];
    }
    if (!weights.per_channel)
      widest.assign(weights.results, *std::max_element(widest.begin(), widest.end()));
    double steps = 0;
    for (const double each : widest)
      steps += square(weights.scheme->from_range(-each, each, true).scale[0]);
    if (signal > 0) noise += (gain * square(step) + steps * power) / 12 / signal;
  }
  return noise;
}

// range^−α · weight^(1−α), at a geometric mean of 1.
std::vector<float> factors_for(const FeatureRange& range, const std::vector<double>& weights,
                               double alpha) {
  const size_t features = weights.size();
  std::vector<double> logs(features, 0);
  double mean = 0;
  for (size_t c = 0; c < features; ++c) {
    const double widest = std::max(-range.low[c], range.high[c]);
    if (widest > 0 && weights[c] > 0)
      logs[c] = (1 - alpha) * std::log(weights[c]) - alpha * std::log(widest);
    mean += logs[c] / static_cast<double>(features);
  }
  const double limit = std::log(kLargestFactor);
  std::vector<float> factors(features);
  for (size_t c = 0; c < features; ++c)
    factors[c] = static_cast<float>(std::exp(std::clamp(logs[c] - mean, -limit, limit)));
  return factors;
}

// Nothing where no exponent lowers the noise.
std::optional<std::vector<float>> best_factors(const FeatureRange& range, const Scheme& activations,
                                               const std::vector<Weights>& sinks) {
  const size_t features = range.low.size();
  std::vector<double> widest(features, 0);
  for (const Weights& weights : sinks)
    for (size_t c = 0; c < features; ++c)
      for (size_t r = 0; r < weights.results; ++r)
        widest[c] = std::max(
            widest[c], std::abs(static_cast<double>(weights.values[c * weights.results + r])));
  double least =
      kLeastGain * relative_noise(range, activations, sinks, std::vector<float>(features, 1));
  std::optional<std::vector<float>> best;
  for (const double alpha : kAlphas) {
    std::vector<float> factors = factors_for(range, widest, alpha);
    const double noise = relative_noise(range, activations, sinks, factors);
    if (!(noise < least)) continue;
    least = noise;
    best = std::move(factors);
  }
  return best;
}

// The regions' tensors, each with the scheme of what its products read.
std::vector<std::pair<std::string, const Scheme*>> smoothed_tensors(const QuantizationPlan& plan) {
  std::vector<std::pair<std::string, const Scheme*>> tensors;
  std::set<const Value*> seen;
  for (const PlannedActivation& planned : plan.activations) {
    const Scheme* scheme = schemes().lookup(planned.scheme);
    const auto region = find_feature_scaling(*planned.value);
    if (!region || scheme->is_float() || !seen.insert(region->tensor).second) continue;
    tensors.emplace_back(region->tensor->name, scheme);
  }
  return tensors;
}

Result<size_t> smooth(RecoveryContext& context) {
  const auto tensors = smoothed_tensors(context.plan);
  if (tensors.empty()) return size_t{0};
  std::vector<std::string> names;
  for (const auto& [name, scheme] : tensors) names.push_back(name);
  auto ranges = measure_features(context, names);
  if (!ranges) return ranges.error();
  PlannedWeights weights_plan;
  for (const PlannedWeight& planned : context.plan.weights)
    weights_plan.emplace(planned.value, &planned);
  size_t changed = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto region = find_feature_scaling(*context.model.graph().find(names[i]));
    std::vector<Weights> sinks;
    for (const Node* sink : region->sinks)
      if (auto weights = weights_of(*sink, weights_plan)) sinks.push_back(std::move(*weights));
    if (sinks.size() != region->sinks.size()) continue;  // some stay in float
    auto factors = best_factors((*ranges)[i], *tensors[i].second, sinks);
    if (!factors) continue;
    if (auto done = apply_feature_scaling(*region, *factors); !done) return done.error();
    context.changes.channel_scales.push_back({names[i], std::move(*factors)});
    ++changed;
  }
  return changed;
}

}  // namespace

// Behind a normalization a few features are far larger than the rest and take the grid of all. The
// rows of the weights take over part of that: how much, an exponent says, which is chosen for each
// normalization by the noise that the steps of both leave in the results.
void register_quantize_smooth_activations(RecoveryRegistry& registry) {
  registry.add({
      .id = "smooth_activations",
      .doc = "features between a normalization and matrix products are scaled towards one range",
      .phase = Recovery::Phase::BeforeRanges,
      .apply = smooth,
  });
}

}  // namespace acuate
