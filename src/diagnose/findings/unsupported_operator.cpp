#include "diagnose/judge.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_unsupported_operator(FindingRuleRegistry& registry) {
  registry.add({"unsupported_operator", Severity::Error,
                "The target has no form of this operator, or not with these attributes.\n\n"
                "To mend it, replace it in the model by operators that the target takes (the "
                "evidence says what is\n"
                "allowed for an attribute), or keep it on the host: a few cheap nodes at the end "
                "cost little, one in\n"
                "the middle costs a transfer each way.",
                [](const DiagnoseContext& context) {
                  return findings_by_reason(context, "unsupported_operator", Severity::Error);
                }});
}

}  // namespace acuate
