#include "diagnose/judge.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_unsupported_attribute(FindingRuleRegistry& registry) {
  registry.add(
      {"unsupported_attribute", Severity::Error,
       "The target takes the operator, but not with this value of an attribute: an interpolation\n"
       "other than those it has, a kernel or stride beyond its limits. The evidence says what was\n"
       "found, what is taken, and where that is published.\n\n"
       "To mend it, change the attribute where the network allows it (two strides instead of one\n"
       "large one, `linear` for `cubic`), or keep the node on the host: `--keep-on-host NODE`.",
       [](const DiagnoseContext& context) {
         return findings_by_reason(context, "unsupported_attribute", Severity::Error);
       }});
}

}  // namespace acuate
