#include <algorithm>

#include <fmt/format.h>

#include "diagnose/judge.h"
#include "diagnose/rule.h"

namespace acuate {
namespace {

constexpr double kSlower = 2;    // than on the host
constexpr double kShare = 0.02;  // of the predicted time of the whole, at least

// Nodes that the target takes and that the cost tables predict to be faster on the host.
std::vector<Finding> by_costs(const DiagnoseContext& context) {
  std::vector<Finding> findings;
  if (context.costs == nullptr || !context.division) return findings;
  const PartitionCosts& costs = *context.costs;
  double whole_us = 0;
  std::vector<std::pair<const Node*, std::pair<double, double>>> slow;
  const Graph& graph = context.shadow.graph();
  for (const Node* node = graph.first(); node != nullptr; node = node->next()) {
    if (node->is_op("Constant")) continue;
    const double host_us = costs.host_us(*node);
    whole_us += host_us;
    if (context.division->refusals.count(node) > 0) continue;
    const double target_us = costs.target_us(*node);
    if (target_us > kSlower * host_us) slow.push_back({node, {target_us, host_us}});
  }
  for (const auto& [node, us] : slow) {
    const auto& [target_us, host_us] = us;
    if (target_us - host_us < kShare * whole_us) continue;
    Finding finding = new_finding("slow_on_target");
    const auto origins = context.origins(*node);
    file_under(finding, context.modules, origins);
    finding.target = context.target.id;
    finding.nodes = addresses(origins);
    finding.cause =
        fmt::format("{} is predicted to be slower on the target than on the host", node->op_type());
    finding.evidence = fmt::format(
        "by the cost tables {:.3g} ms on the target, {:.3g} ms on the host, of {:.3g} ms for the "
        "whole model there",
        target_us / 1000, host_us / 1000, whole_us / 1000);
    findings.push_back(std::move(finding));
  }
  return findings;
}

// One finding for each sentence of the table, with all nodes that it holds for.
std::vector<Finding> by_table(const DiagnoseContext& context) {
  std::vector<Finding> findings;
  for (const ModuleReasons& group : group_by_sentence(context, context.mended, "slow_on_target")) {
    Finding finding = new_finding("slow_on_target");
    finding.target = context.target.id;
    finding.nodes = addresses(group.nodes);
    finding.cause = group.message;
    finding.evidence = summarize(group.evidence);
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<Finding> find(const DiagnoseContext& context) {
  auto findings = by_table(context);
  for (Finding& finding : by_costs(context)) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace

void register_diagnose_slow_on_target(FindingRuleRegistry& registry) {
  registry.add(
      {"slow_on_target", Severity::Warning,
       "The target takes the node, but slowly: its table says so (a row with `slow`, and the "
       "source\n"
       "of that knowledge; one finding for each of its sentences), or the cost tables that were "
       "given (`--costs`) predict at least twice\n"
       "the time that the host needs, and a loss of 2 % or more of the whole model's.\n\n"
       "To mend it, leave the node on the host where it stands at a border anyway\n"
       "(`--keep-on-host NODE`; with `--costs` the partition weighs that by itself), or write it "
       "in\n"
       "a form that the target is fast at, such as several small poolings for one large.",
       find});
}

}  // namespace acuate
