#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "numeric/mixed_ranges.h"
#include "quantize/recovery.h"

namespace acuate {
namespace {

// An eighth of the range: what is left to the narrowest is 5 bits.
constexpr double kFewestSteps = 32;

// Values from which a convolution or matrix product follows.
std::unordered_set<const Value*> before_anchors(const Graph& graph, const QuantizationPlan& plan) {
  const std::unordered_set<const Node*> anchors(plan.anchors.begin(), plan.anchors.end());
  std::unordered_set<const Value*> before;
  for (const Node* node = graph.last(); node != nullptr; node = node->previous()) {
    const bool leads = anchors.count(node) > 0 ||
                       std::any_of(node->outputs().begin(), node->outputs().end(),
                                   [&](const Value* value) { return before.count(value) > 0; });
    for (size_t slot = 0; leads && slot < node->input_count(); ++slot)
      before.insert(node->input(slot));
  }
  return before;
}

// As measured, of a value or of what it was moved from.
std::unordered_map<const Value*, ValueRange> measured_ranges(const Graph& graph,
                                                             const Calibration& calibration) {
  std::unordered_map<const Value*, ValueRange> ranges;
  const auto measure = [&](const Value* value) {
    const auto found = calibration.histograms.find(value->name);
    if (found == calibration.histograms.end() || !found->second.range()) return false;
    ranges.emplace(value, ValueRange{found->second.range()->min, found->second.range()->max});
    return true;
  };
  for (const Value* input : graph.inputs()) measure(input);
  for (const Node* node = graph.first(); node != nullptr; node = node->next())
    for (const Value* output : node->outputs()) {
      if (output == nullptr || measure(output) || !moves_values(*node)) continue;
      if (const auto source = ranges.find(node->input(0)); source != ranges.end()) {
        const ValueRange moved = source->second;
        ranges.emplace(output, moved);
      }
    }
  return ranges;
}

// The values and all that follows from them.
std::unordered_set<const Value*> with_followers(std::vector<const Value*> open) {
  std::unordered_set<const Value*> seen(open.begin(), open.end());
  while (!open.empty()) {
    const Value* value = open.back();
    open.pop_back();
    for (const Use& use : value->uses())
      for (const Value* output : use.node->outputs())
        if (output != nullptr && seen.insert(output).second) open.push_back(output);
  }
  return seen;
}

Result<size_t> split_ranges(RecoveryContext& context) {
  const Graph& graph = context.model.graph();
  QuantizationPlan& plan = context.plan;
  const auto ranges = measured_ranges(graph, *context.calibration);
  const auto range_of = [&](const Value& value) -> std::optional<ValueRange> {
    const auto found = ranges.find(&value);
    return found == ranges.end() ? std::nullopt : std::optional(found->second);
  };
  std::unordered_set<const Value*> planned;
  for (const PlannedActivation& each : plan.activations) planned.insert(each.value);
  const auto before = before_anchors(graph, plan);
  std::vector<const Value*> joined;
  for (const MixedConcat& mixed : mixed_concats(graph, range_of, kFewestSteps)) {
    const Value* output = mixed.node->output();
    if (before.count(output) > 0 || planned.count(output) == 0) continue;
    joined.push_back(output);
    plan.kept_float.push_back(
        {mixed.node, "it joins different ranges, so that its result has no grid: " + mixed.text()});
  }
  if (joined.empty()) return size_t{0};
  const auto tail = with_followers(joined);
  std::erase_if(plan.activations,
                [&](const PlannedActivation& each) { return tail.count(each.value) > 0; });
  return joined.size();
}

}  // namespace

// One step for boxes (0 to 640) and scores (0 to 1) loses the scores, and no range method can help.
// Behind the last convolution nothing needs integers: the operands keep their own grids, and the
// Concat and what follows from it is float. One that convolutions read is left to a hybrid.
void register_quantize_split_mixed_ranges(RecoveryRegistry& registry) {
  registry.add({
      .id = "split_mixed_ranges",
      .doc = "a Concat of different value ranges stays in float, each operand on its own grid",
      .phase = Recovery::Phase::Grids,
      .apply = split_ranges,
  });
}

}  // namespace acuate
