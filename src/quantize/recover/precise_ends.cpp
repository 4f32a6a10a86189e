#include <algorithm>
#include <unordered_set>

#include "quantize/recovery.h"
#include "shape/macs.h"

namespace acuate {
namespace {

// Of the multiply-accumulates: more is no longer an end.
constexpr double kLargestShare = 0.1;

double macs_of(const Node& node) {
  return static_cast<double>(multiply_accumulates(node).value_or(0));
}

// The layers that no other one leads to, and those that lead to no other.
struct Ends {
  std::vector<const Node*> first, last;
};

Ends ends_of(const Graph& graph, const std::unordered_set<const Node*>& anchors) {
  Ends ends;
  std::unordered_set<const Value*> behind, before;
  for (const Node* node = graph.first(); node != nullptr; node = node->next()) {
    bool follows = false;
    for (size_t slot = 0; slot < node->input_count(); ++slot)
      follows |= behind.count(node->input(slot)) > 0;
    const bool is_anchor = anchors.count(node) > 0;
    if (is_anchor && !follows) ends.first.push_back(node);
    if (follows || is_anchor) behind.insert(node->outputs().begin(), node->outputs().end());
  }
  for (const Node* node = graph.last(); node != nullptr; node = node->previous()) {
    const bool leads = std::any_of(node->outputs().begin(), node->outputs().end(),
                                   [&](const Value* value) { return before.count(value) > 0; });
    const bool is_anchor = anchors.count(node) > 0;
    if (is_anchor && !leads) ends.last.push_back(node);
    if (leads || is_anchor)
      for (size_t slot = 0; slot < node->input_count(); ++slot) before.insert(node->input(slot));
  }
  return ends;
}

// 16 bits where the target takes them, else empty: no grid.
std::string wide_scheme(const RecoveryContext& context, std::string_view narrow) {
  const Scheme* scheme = schemes().lookup(narrow);
  std::string wide = scheme->power_of_two ? "dfp16" : scheme->symmetric ? "s16" : "u16";
  QuantizationRequest request;
  request.scheme = wide;
  return context.target.backend->plan_quantization(context.model, request) ? wide : std::string();
}

Result<size_t> promote_ends(RecoveryContext& context) {
  const Graph& graph = context.model.graph();
  QuantizationPlan& plan = context.plan;
  const std::unordered_set<const Node*> anchors(plan.anchors.begin(), plan.anchors.end());
  const Ends ends = ends_of(graph, anchors);
  std::unordered_set<const Node*> layers(ends.first.begin(), ends.first.end());
  layers.insert(ends.last.begin(), ends.last.end());
  double all = 0, share = 0;
  for (const Node* anchor : plan.anchors) all += macs_of(*anchor);
  for (const Node* layer : layers) share += macs_of(*layer);
  if (share > kLargestShare * all) return size_t{0};
  std::unordered_set<const Value*> wanted;
  for (const Node* layer : layers) wanted.insert(layer->input(0));
  for (const Node* layer : ends.last) wanted.insert(quantized_output(*layer));
  size_t changed = 0;
  for (PlannedActivation& planned : plan.activations) {
    const Scheme* scheme = schemes().lookup(planned.scheme);
    if (wanted.count(planned.value) == 0 || scheme->is_float() || scheme->bits > 8) continue;
    planned.scheme = wide_scheme(context, planned.scheme);
    ++changed;
  }
  std::erase_if(plan.activations,
                [](const PlannedActivation& each) { return each.scheme.empty(); });
  return changed;
}

}  // namespace

// The first layer sees the input's full range and the last makes the outputs, each for a small part
// of the work: their activations get 16 bits, or none where the target has no such grids.
void register_quantize_precise_ends(RecoveryRegistry& registry) {
  registry.add({
      .id = "precise_ends",
      .doc = "what the first and last layers read, and what the last make, gets 16 bits or float",
      .phase = Recovery::Phase::Grids,
      .by_name = true,
      .apply = promote_ends,
  });
}

}  // namespace acuate
