#include "diagnose/judge.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_int64_narrowed(FindingRuleRegistry& registry) {
  registry.add({"int64_narrowed", Severity::Warning,
                "A node computes in 64-bit integers at run time, and the target does so in 32 "
                "bits. Indices and\n"
                "counts fit; values beyond 2,147,483,647 are damaged, and so are hashes and time "
                "stamps. Constants\n"
                "and shapes are not meant.\n\n"
                "To mend it, make sure that the values fit, and cast to int32 in the model to say "
                "so; or keep the\n"
                "node on the host.",
                [](const DiagnoseContext& context) {
                  return findings_by_reason(context, "int64_narrowed", Severity::Warning);
                }});
}

}  // namespace acuate
