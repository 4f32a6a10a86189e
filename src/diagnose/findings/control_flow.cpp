#include "diagnose/judge.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_control_flow(FindingRuleRegistry& registry) {
  registry.add({"control_flow", Severity::Error,
                "If, Loop or Scan choose or repeat a graph at run time, and the target compiles "
                "one fixed sequence of\n"
                "operations. The nodes of their bodies are not judged: the target refuses them "
                "with the node that\n"
                "holds them.\n\n"
                "To mend it, export the model without the branch (in PyTorch, make the condition a "
                "constant before\n"
                "export, or export with a fixed mode or sample rate), or keep the node on the "
                "host: the parts before\n"
                "and after it still run on the target. A branch whose condition is constant once "
                "shapes are fixed\n"
                "goes away by itself.",
                [](const DiagnoseContext& context) {
                  return cut_off(context,
                                 findings_by_reason(context, "control_flow", Severity::Error));
                }});
}

}  // namespace acuate
