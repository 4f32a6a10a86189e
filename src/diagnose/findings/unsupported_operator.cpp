#include "diagnose/judge.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_unsupported_operator(FindingRuleRegistry& registry) {
  registry.add(
      {"unsupported_operator", Severity::Error,
       "The target has no form of this operator. (What it lacks of an operator that it has is "
       "told as\n"
       "`unsupported_attribute`, `unsupported_opset`, `unsupported_type` or "
       "`rank_too_high`.)\n\n"
       "To mend it, apply the fix where one is offered: a legalizer that writes the operator in "
       "others that the\n"
       "target takes, as `acuate fix` does too; what it is worth counts these nodes. Else replace "
       "it "
       "in the model\n"
       "by operators that the target takes, or keep it on the host: a\n"
       "few cheap nodes at the end cost little, one in the middle costs a transfer each "
       "way.",
       [](const DiagnoseContext& context) {
         return findings_by_reason(context, "unsupported_operator", Severity::Error);
       }});
}

}  // namespace acuate
