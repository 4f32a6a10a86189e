#include "diagnose/worth.h"

#include <unordered_map>

namespace acuate {

namespace {

std::optional<Partition> divide(const Graph& graph, const PartitionCosts* costs,
                                std::function<bool(const Node&)> may_take) {
  PartitionRequest request;
  request.costs = costs;
  request.may_take = std::move(may_take);
  auto made = partition(graph, request);
  return made ? std::optional(std::move(*made)) : std::nullopt;
}

}  // namespace

std::optional<ShadowDivision> divide_shadow(const Model& shadow, const Judgement& judgement,
                                            const PartitionCosts* costs) {
  // Dag::of() takes sorted graphs.
  if (!shadow.graph().is_sorted()) return std::nullopt;
  std::unordered_map<const Node*, size_t> refusals;
  for (const NodeReason& reason : judgement.reasons)
    if (reason.reason.blocks) ++refusals[reason.judged];
  auto made =
      divide(shadow.graph(), costs, [&](const Node& node) { return refusals.count(&node) == 0; });
  if (!made) return std::nullopt;
  return ShadowDivision{std::move(*made), std::move(refusals)};
}

Worth worth_of(const DiagnoseContext& context, const std::vector<const Node*>& judged) {
  Worth worth;
  const Graph& graph = context.shadow.graph();
  if (!context.division || judged.empty() || context.division->nodes_left < graph.node_count())
    return worth;
  const ShadowDivision& division = *context.division;
  std::unordered_map<const Node*, size_t> gone;
  for (const Node* node : judged) ++gone[node];
  std::unordered_set<const Node*> freed;
  for (const auto& [node, count] : gone)
    if (division.refusals.at(node) == count) freed.insert(node);
  if (freed.empty()) return worth;
  division.nodes_left -= graph.node_count();
  const auto after = divide(graph, context.costs, [&](const Node& node) {
    return division.refusals.count(&node) == 0 || freed.count(&node) > 0;
  });
  if (!after) return worth;
  const PartitionCounts &now = division.partition.counts, &then = after->counts;
  if (then.nodes_on_target == now.nodes_on_target && then.engines == now.engines) return worth;
  worth.coverage = then.coverage() - now.coverage();
  worth.engines = static_cast<double>(then.engines) - static_cast<double>(now.engines);
  if (then.predicted_us && now.predicted_us)
    worth.ms = (*then.predicted_us - *now.predicted_us) / 1000;
  return worth;
}

}  // namespace acuate
