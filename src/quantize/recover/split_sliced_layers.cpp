#include <algorithm>
#include <cmath>

#include "quantize/layer_parts.h"
#include "quantize/probe.h"
#include "quantize/recovery.h"

namespace acuate {
namespace {

// A bit for the narrowest: the parts do no more work than the whole.
constexpr double kMostTimesWider = 2;

struct Candidate {
  std::string tensor;
  std::vector<std::string> parts;
  std::vector<double> low, high;  // of each part, over all samples, zero included
};

Result<void> measure(const RecoveryContext& context, std::vector<Candidate>& candidates) {
  Probe probe(context.model);
  for (const Candidate& candidate : candidates)
    for (const std::string& part : candidate.parts) {
      Value* value = probe.graph().find(part);
      GraphWriter writer(probe.graph(), probe.behind(part), part + "_range", ElementType::Float);
      std::vector<int64_t> axes(value->type.shape->size());
      for (size_t axis = 0; axis < axes.size(); ++axis) axes[axis] = static_cast<int64_t>(axis);
      probe.want(*writer.reduce("ReduceMin", value, axes, false));
      probe.want(*writer.reduce("ReduceMax", value, axes, false));
    }
  const auto read = [&](std::span<const Tensor> results) {
    size_t at = 0;
    for (Candidate& candidate : candidates)
      for (size_t i = 0; i < candidate.parts.size(); ++i) {
        const double low = results[at++].values<float>()[0],
                     high = results[at++].values<float>()[0];
        candidate.low[i] = std::min(candidate.low[i], low);
        candidate.high[i] = std::max(candidate.high[i], high);
      }
  };
  return probe.run(context.target, context.samples, context.load, context.threads, read);
}

bool mixes_ranges(const Candidate& candidate) {
  double widest = 0, narrowest = HUGE_VAL;
  for (size_t i = 0; i < candidate.parts.size(); ++i) {
    const double width = candidate.high[i] - candidate.low[i];
    widest = std::max(widest, width);
    if (width > 0) narrowest = std::min(narrowest, width);
  }
  return std::isfinite(widest) && widest >= kMostTimesWider * narrowest;
}

Result<size_t> split_layers(RecoveryContext& context) {
  std::vector<Candidate> candidates;
  for (const Node* anchor : context.plan.anchors) {
    const auto found = find_layer_parts(*anchor->output());
    if (!found) continue;
    Candidate candidate{std::string(anchor->output()->name), {}, {}, {}};
    for (const LayerParts::Part& part : found->parts)
      candidate.parts.emplace_back(part.value->name);
    candidate.low.assign(candidate.parts.size(), 0);
    candidate.high = candidate.low;
    candidates.push_back(std::move(candidate));
  }
  if (candidates.empty()) return size_t{0};
  if (auto done = measure(context, candidates); !done) return done.error();
  size_t changed = 0;
  for (const Candidate& candidate : candidates) {
    if (!mixes_ranges(candidate)) continue;
    const auto found = find_layer_parts(*context.model.graph().find(candidate.tensor));
    if (auto done = split_layer(*found); !done) return done.error();
    context.changes.split_layers.push_back({candidate.tensor});
    ++changed;
  }
  return changed;
}

}  // namespace

// A head that computes boxes and scores in one convolution has one grid for both, and what slices
// them apart is behind it. A convolution for each part has a grid for each.
void register_quantize_split_sliced_layers(RecoveryRegistry& registry) {
  registry.add({
      .id = "split_sliced_layers",
      .doc = "a layer whose results are sliced into parts of different ranges becomes one for each",
      .phase = Recovery::Phase::BeforeRanges,
      .apply = split_layers,
  });
}

}  // namespace acuate
