#include "diagnose/mixed_ranges_finding.h"

namespace acuate {
namespace {

std::vector<Finding> find(const DiagnoseContext& context) {
  std::vector<Finding> findings;
  if (!context.is_sound) return findings;
  const ValueRanges ranges = ValueRanges::of(context.shadow.graph());
  // A finding states both ranges.
  const auto range_of = [&](const Value& value) {
    const ValueRange range = ranges.of(value);
    return range.is_bounded() ? std::optional(range) : std::nullopt;
  };
  for (const MixedConcat& mixed : mixed_concats(context.shadow.graph(), range_of))
    for (const Node* node : context.origins(*mixed.node)) {
      if (!node->is_op("Concat")) continue;
      findings.push_back(mixed_ranges_finding(context.original, *node, mixed, context.modules));
      break;
    }
  return findings;
}

}  // namespace

// By ranges that follow from the operators; `diagnose --data` and `convert` add measured ones.
void register_diagnose_mixed_ranges(FindingRuleRegistry& registry) {
  registry.add(
      {"mixed_ranges", Severity::Warning,
       "A Concat joins values of very different ranges, such as boxes in pixels (0 to 640) beside\n"
       "scores (0 to 1). A tensor has one scale when it is quantized, so that with 8 bits the "
       "small\n"
       "ones fall on one or two steps: the scores are lost, whatever the calibration. Ranges are\n"
       "those that operators and constants imply (Sigmoid, Softmax, Clip, arithmetic with\n"
       "constants), or measured ones where data were given; told from fewer than 4 of 256 "
       "steps.\n\n"
       "To mend it, end the model before the Concat (the `cut-at` of the fix) and join on the "
       "host,\n"
       "or keep the Concat and its neighbours in float (`--exclude`, `--keep-on-host`). In float\n"
       "nothing is wrong with it.",
       find});
}

}  // namespace acuate
