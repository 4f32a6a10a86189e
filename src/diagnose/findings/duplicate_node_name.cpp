#include "diagnose/issues.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_duplicate_node_name(FindingRuleRegistry& registry) {
  registry.add({"duplicate_node_name", Severity::Warning,
                "Names of nodes have no meaning for engines, but reports, profiles and edit "
                "scripts address nodes by\n"
                "them. Every command takes the model; such nodes are addressed as `@output`.\n\n"
                "To mend it, `rename-node @output NAME`.",
                [](const DiagnoseContext& context) {
                  return findings_by_issue(context, "duplicate_node_name", Severity::Warning,
                                           "two nodes have the same name");
                }});
}

}  // namespace acuate
