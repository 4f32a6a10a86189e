#include "diagnose/judge.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_unsupported_type(FindingRuleRegistry& registry) {
  registry.add({"unsupported_type", Severity::Error,
                "A tensor has an element type in which the target does not compute, such as "
                "float64 or string.\n\n"
                "To mend it, cast to a type that the target has (the cause lists them): float64 to "
                "float32 is\n"
                "harmless in most networks. Or keep the node on the host.",
                [](const DiagnoseContext& context) {
                  return findings_by_reason(context, "unsupported_type", Severity::Error);
                }});
}

}  // namespace acuate
