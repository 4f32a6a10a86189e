#include "diagnose/issues.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_unknown_domain(FindingRuleRegistry& registry) {
  registry.add({"unknown_domain", Severity::Error,
                "The operator belongs to a domain that the model does not import, or that neither "
                "the onnx library\n"
                "nor ONNX Runtime defines, and the model has no function of its name: a custom "
                "operator, which its\n"
                "own runtime brings along. Nothing is known about its types, shapes or meaning.\n\n"
                "To mend it, export without the custom operator, or with a function body for it in "
                "the model.",
                [](const DiagnoseContext& context) {
                  return findings_by_issue(
                      context, "unknown_domain", Severity::Error,
                      "a node belongs to an operator domain that is not known here");
                }});
}

}  // namespace acuate
