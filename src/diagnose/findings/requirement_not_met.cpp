#include "diagnose/rule.h"

namespace acuate {

// Made by the pipeline of `convert`, which alone has what it is judged by.
void register_diagnose_requirement_not_met(FindingRuleRegistry& registry) {
  registry.add(
      {"requirement_not_met", Severity::Error,
       "A condition given with `--max-drop` does not hold on the evaluation data. The artifact is\n"
       "written all the same, and the command ends with status 1.\n"
       "\n"
       "To mend it, try another `--range` or `--scheme`, keep the tensors with the lowest SQNR in "
       "float\n"
       "(`--exclude`), or calibrate on more samples.",
       nullptr});
}

}  // namespace acuate
