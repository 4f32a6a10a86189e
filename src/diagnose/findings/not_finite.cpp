#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/judge.h"
#include "diagnose/rule.h"
#include "graph/constants.h"

namespace acuate {
namespace {

// A constant of the main graph or a body that nodes read.
void look_at(const DiagnoseContext& context, const Value& value, std::vector<Finding>& findings) {
  const auto tensor = load_constant(context.original, value);
  const auto found = tensor && is_floating_point(tensor->type()) ? extremes(*tensor) : std::nullopt;
  if (!found || found->nans + found->infinities == 0) return;
  Finding finding = new_finding("not_finite");
  std::vector<const Node*> readers;
  for (const Use& use : value.uses())
    if (std::find(readers.begin(), readers.end(), use.node) == readers.end())
      readers.push_back(use.node);
  file_under(finding, context.modules, readers);
  finding.nodes = addresses(readers);
  finding.cause = found->nans > 0
                      ? "a weight holds NaN, which spreads to everything computed from it"
                      : "a weight holds infinities, which no integer grid can hold";
  finding.evidence =
      fmt::format("'{}' {} has {} NaN and {} infinite of {} elements", to_valid_utf8(value.name),
                  format_shape(tensor->shape()), found->nans, found->infinities, tensor->size());
  if (found->nans == 0) finding.severity = Severity::Info;
  findings.push_back(std::move(finding));
}

std::vector<Finding> find(const DiagnoseContext& context) {
  std::vector<Finding> findings;
  for (const Graph* graph : context.original.all_graphs()) {
    for (const Value* value : graph->initializers())
      if (!value->is_input) look_at(context, *value, findings);
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      if (node->is_op("Constant") && node->output() != nullptr)
        look_at(context, *node->output(), findings);
  }
  return findings;
}

}  // namespace

void register_diagnose_not_finite(FindingRuleRegistry& registry) {
  registry.add(
      {"not_finite", Severity::Warning,
       "A weight, or with data an activation, holds NaN or infinities. NaN is a defect of the\n"
       "training or of the export: whatever is computed from it is NaN. Infinities in a constant\n"
       "(then `info`) are often meant, as masks that a Softmax turns into zeros; quantized they\n"
       "have no place on any grid, and a target in float16 has them from 65,504 on.\n\n"
       "To mend it, export another checkpoint, or look with `acuate compare` where it first\n"
       "appears. To mend a mask, replace infinities by a large finite number such as -1e4. Where "
       "a\n"
       "sample makes an activation infinite, look at the sample and its pre-processing.",
       find});
}

}  // namespace acuate
