#include "diagnose/issues.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_invalid_node(FindingRuleRegistry& registry) {
  registry.add({"invalid_node", Severity::Error,
                "The operator's definition in the ONNX standard (at the opset that the model "
                "imports) wants another\n"
                "number of inputs or outputs, an attribute that is missing, or an attribute of "
                "another type. The\n"
                "evidence is the onnx library's own message.\n\n"
                "To mend it, correct the node where the model is made, or with `set-attr` and "
                "`remove-attr`. Often\n"
                "the model declares a wrong opset version for what its exporter wrote.",
                [](const DiagnoseContext& context) {
                  return findings_by_issue(context, "invalid_node", Severity::Error,
                                           "a node does not fit the definition of its operator");
                }});
}

}  // namespace acuate
