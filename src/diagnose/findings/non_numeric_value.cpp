#include "diagnose/judge.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_non_numeric_value(FindingRuleRegistry& registry) {
  registry.add(
      {"non_numeric_value", Severity::Error,
       "A node reads or makes something that is no tensor of numbers: a sequence, an optional, a "
       "map, a\n"
       "sparse tensor, or strings. Accelerators have no form of these, and they never cross the "
       "border\n"
       "between target and host either.\n\n"
       "To mend it, leave the node and its neighbours that pass such values on to the host, which\n"
       "`convert` does by itself, or export without them: tokenization before the model, a Concat "
       "in\n"
       "place of SequenceInsert and ConcatFromSequence, a flag in place of an optional.",
       [](const DiagnoseContext& context) {
         return findings_by_reason(context, "non_numeric_value", Severity::Error);
       }});
}

}  // namespace acuate
