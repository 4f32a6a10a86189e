#include "diagnose/issues.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_undefined_output(FindingRuleRegistry& registry) {
  registry.add({"undefined_output", Severity::Error,
                "The model promises an output that no node, input or initializer provides.\n\n"
                "To mend it, `remove-output NAME`, or export the model anew.",
                [](const DiagnoseContext& context) {
                  return findings_by_issue(context, "undefined_output", Severity::Error,
                                           "an output of the model is produced by nothing");
                }});
}

}  // namespace acuate
