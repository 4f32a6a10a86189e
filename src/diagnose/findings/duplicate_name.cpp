#include "diagnose/issues.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_duplicate_name(FindingRuleRegistry& registry) {
  registry.add({"duplicate_name", Severity::Error,
                "Values (inputs, initializers, results of nodes) are addressed by name, and each "
                "name stands for one\n"
                "value. Here a name is defined a second time, and which of the two a reader means "
                "is not determined.\n\n"
                "To mend it, give one of them another name where the model is made; `acuate edit` "
                "changes the values\n"
                "that it can tell apart.",
                [](const DiagnoseContext& context) {
                  return findings_by_issue(
                      context, "duplicate_name", Severity::Error,
                      "two values have the same name, so that a reader of it is not determined");
                }});
}

}  // namespace acuate
