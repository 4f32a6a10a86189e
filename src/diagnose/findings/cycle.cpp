#include "diagnose/issues.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_cycle(FindingRuleRegistry& registry) {
  registry.add({"cycle", Severity::Error,
                "Nodes form a cycle: each waits for the result of another. No engine can run such "
                "a model.\n\n"
                "To mend it, look at the named node's inputs: as a rule a value was renamed to a "
                "name that a later\n"
                "node writes. `acuate edit` can rename values and delete nodes.",
                [](const DiagnoseContext& context) {
                  return findings_by_issue(
                      context, "cycle", Severity::Error,
                      "a node needs its own output, so that no order of execution exists");
                }});
}

}  // namespace acuate
