#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_float16_range_unknown(FindingRuleRegistry& registry) {
  registry.add({.id = "float16_range_unknown",
                .severity = Severity::Warning,
                .doc = "Nodes compute in float16, which ends at 65,504, and the range of their "
                       "tensors was not measured: a larger value would become infinite. Constants "
                       "were judged by their values.\n\n"
                       "To mend it, convert with `--data` and static shapes: nodes whose measured "
                       "range exceeds float16 then stay in float32.",
                .find = nullptr});
}

}  // namespace acuate
