#include "diagnose/issues.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_type_mismatch(FindingRuleRegistry& registry) {
  registry.add(
      {"type_mismatch", Severity::Error,
       "An operator refuses the element type or shape of its inputs, a value is declared with "
       "another type\n"
       "or shape than its producer gives it, or an initializer differs from its declaration.\n\n"
       "To mend it, correct the node or the declaration that the evidence names. A declaration "
       "that went\n"
       "stale by editing with another tool is mended by deleting it and inferring the shapes anew.",
       [](const DiagnoseContext& context) {
         return findings_by_issue(
             context, "type_mismatch", Severity::Error,
             "what the model declares, or what an operator takes, differs from what is there");
       }});
}

}  // namespace acuate
