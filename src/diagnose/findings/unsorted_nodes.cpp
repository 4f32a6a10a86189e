#include "diagnose/issues.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_unsorted_nodes(FindingRuleRegistry& registry) {
  registry.add({"unsorted_nodes", Severity::Error,
                "ONNX wants the nodes of a graph in an order in which they can run. Some engines "
                "sort, others refuse\n"
                "the model.\n\n"
                "To mend it, write the nodes in order where the model is made; the evidence names "
                "the first pair.",
                [](const DiagnoseContext& context) {
                  return findings_by_issue(
                      context, "unsorted_nodes", Severity::Error,
                      "a node stands before the producer of one of its inputs");
                }});
}

}  // namespace acuate
