#include "diagnose/issues.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_undefined_input(FindingRuleRegistry& registry) {
  registry.add({"undefined_input", Severity::Error,
                "A node reads a name that is no input, no initializer and no result of a node in "
                "reach. Part of the\n"
                "model was cut away, or a name was misspelt.\n\n"
                "To mend it, point the node at an existing value, or export the model anew.",
                [](const DiagnoseContext& context) {
                  return findings_by_issue(context, "undefined_input", Severity::Error,
                                           "a node reads a value that nothing defines");
                }});
}

}  // namespace acuate
