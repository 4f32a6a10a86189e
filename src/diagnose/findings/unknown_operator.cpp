#include "diagnose/issues.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_unknown_operator(FindingRuleRegistry& registry) {
  registry.add({"unknown_operator", Severity::Error,
                "The operator does not exist in the version of the domain that the model imports: "
                "it is newer, was\n"
                "removed, or is misspelt.\n\n"
                "To mend it, correct the name, or declare the version of the opset that the "
                "exporter wrote for.",
                [](const DiagnoseContext& context) {
                  return findings_by_issue(
                      context, "unknown_operator", Severity::Error,
                      "the ONNX standard has no such operator at the imported version");
                }});
}

}  // namespace acuate
