#include <algorithm>
#include <cmath>
#include <map>

#include "quantize/channel_scaling.h"
#include "quantize/probe.h"
#include "quantize/recovery.h"
#include "rewrite/graph_writer.h"

namespace acuate {
namespace {

// Factors beyond this would only move noise of channels that hardly carry anything.
constexpr double kLargestFactor = 64;

struct ChannelRange {
  std::vector<double> low, high;  // of all samples, zero included
};

// By the name of the tensor.
Result<std::map<std::string, ChannelRange>> measure_channels(
    const RecoveryContext& context, const std::vector<std::string>& tensors) {
  Probe probe(context.model);
  for (const std::string& name : tensors) {
    Value* value = probe.graph().find(name);
    GraphWriter writer(probe.graph(), probe.behind(name), name + "_channels", ElementType::Float);
    std::vector<int64_t> axes{0};
    for (size_t axis = 2; axis < value->type.shape->size(); ++axis)
      axes.push_back(static_cast<int64_t>(axis));
    probe.want(*writer.reduce("ReduceMin", value, axes, false));
    probe.want(*writer.reduce("ReduceMax", value, axes, false));
  }
  std::map<std::string, ChannelRange> ranges;
  const auto read = [&](std::span<const Tensor> results) {
    for (size_t i = 0; i < tensors.size(); ++i) {
      ChannelRange& range = ranges[tensors[i]];
      const auto low = results[2 * i].values<float>(), high = results[2 * i + 1].values<float>();
      range.low.resize(low.size());
      range.high.resize(high.size());
      for (size_t c = 0; c < low.size(); ++c) {
        range.low[c] = std::min(range.low[c], static_cast<double>(low[c]));
        range.high[c] = std::max(range.high[c], static_cast<double>(high[c]));
      }
    }
  };
  if (auto run = probe.run(context.target, context.samples, context.load, context.threads, read);
      !run)
    return run.error();
  return ranges;
}

// The square root of what would make all channels equally wide: those that a few samples show too
// narrow keep room, and weights keep half of their own balance.
std::vector<float> factors_of(const ChannelRange& range) {
  double widest = 0;
  for (size_t c = 0; c < range.low.size(); ++c)
    widest = std::max(widest, range.high[c] - range.low[c]);
  std::vector<float> factors(range.low.size(), 1);
  for (size_t c = 0; c < factors.size(); ++c) {
    const double width = range.high[c] - range.low[c];
    if (width > 0 && std::isfinite(widest))
      factors[c] = static_cast<float>(std::min(std::sqrt(widest / width), kLargestFactor));
  }
  return factors;
}

Result<size_t> equalize(RecoveryContext& context) {
  std::vector<std::string> tensors;
  for (const PlannedActivation& planned : context.plan.activations) {
    Value& value = *planned.value;
    if (value.type.shape && value.type.shape->size() > 2 && find_channel_scaling(value))
      tensors.emplace_back(value.name);
  }
  if (tensors.empty()) return size_t{0};
  auto ranges = measure_channels(context, tensors);
  if (!ranges) return ranges.error();
  size_t changed = 0;
  for (const std::string& name : tensors) {
    Value* value = context.model.graph().find(name);
    if (value == nullptr) continue;  // renamed: it was in the region of another
    const auto region = find_channel_scaling(*value);
    const ChannelRange& range = ranges->at(name);
    if (!region || range.low.size() != region->channels) continue;
    ChannelScale change{name, factors_of(range)};
    if (auto done = apply_channel_scaling(*region, change.scale); !done) return done.error();
    context.changes.channel_scales.push_back(std::move(change));
    ++changed;
  }
  return changed;
}

}  // namespace

// One scale for a tensor whose channels differ in range by orders of magnitude leaves the narrow
// ones a few steps. The weights of a depthwise convolution have a scale for each channel, so its
// input's channels can be brought nearer to each other for nothing.
void register_quantize_equalize_channels(RecoveryRegistry& registry) {
  registry.add({
      .id = "equalize_channels",
      .doc = "channels of depthwise convolutions' inputs are scaled towards one range",
      .phase = Recovery::Phase::BeforeRanges,
      .apply = equalize,
  });
}

}  // namespace acuate
