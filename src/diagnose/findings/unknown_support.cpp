#include "diagnose/judge.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_unknown_support(FindingRuleRegistry& registry) {
  registry.add({"unknown_support", Severity::Warning,
                "The target's table does not name the operator: nobody has said whether the target "
                "takes it. It is\n"
                "never taken for supported.\n\n"
                "To mend it, ask the vendor's documentation or compiler and add a row to the table "
                "(`--target\n"
                "FILE.yaml` takes one of your own, see the head of "
                "`src/targets/vsi_npu/table.yaml`); or express the\n"
                "operator by ones that the table names.",
                [](const DiagnoseContext& context) {
                  return findings_by_reason(context, "unknown_support", Severity::Warning);
                }});
}

}  // namespace acuate
