#include "diagnose/judge.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_unsupported_opset(FindingRuleRegistry& registry) {
  registry.add({"unsupported_opset", Severity::Error,
                "The target takes the operator only as other versions of its operator set define "
                "it: what it\n"
                "means, or where its parameters stand, has changed between them.\n\n"
                "To mend it, bring the model to an opset that the evidence names (`set-opset 13` "
                "as an edit\n"
                "command), or export it with that one. Whether a change of opset keeps the meaning "
                "of every\n"
                "node is checked when it is applied; what cannot be converted is an error that "
                "names the node.",
                [](const DiagnoseContext& context) {
                  return findings_by_reason(context, "unsupported_opset", Severity::Error);
                }});
}

}  // namespace acuate
