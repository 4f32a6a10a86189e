#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_precision_not_available(FindingRuleRegistry& registry) {
  registry.add({.id = "precision_not_available",
                .severity = Severity::Warning,
                .doc = "Nodes or a module were asked for in a precision that they do not get, and "
                       "are computed in float32. The evidence says why: a measured tensor or a "
                       "constant beyond 65,504, where float16 ends; an operator that its "
                       "definition at the model's opset, or the target, does not have in this "
                       "type; or 8 bits for a module without `--precision int8`.\n\n"
                       "To mend it, nothing needs mending where the range is the reason: float32 "
                       "is what keeps the values right. Else raise the opset, leave the module in "
                       "float32, or convert with `--precision int8` and `--data`.",
                .find = nullptr});
}

}  // namespace acuate
