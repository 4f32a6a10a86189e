#include "diagnose/judge.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_rank_too_high(FindingRuleRegistry& registry) {
  registry.add(
      {"rank_too_high", Severity::Error,
       "A tensor has more dimensions than the target takes, for this operator or at all.\n\n"
       "To mend it, merge dimensions that the operation leaves alone (reshape before and after "
       "it), or write\n"
       "the operation in steps of lower rank: window partitions and pixel shuffles, for example, "
       "split two\n"
       "dimensions at a time where one would do. Or keep the node on the host.",
       [](const DiagnoseContext& context) {
         return findings_by_reason(context, "rank_too_high", Severity::Error);
       }});
}

}  // namespace acuate
