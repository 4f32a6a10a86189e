#include "diagnose/rule.h"

namespace acuate {

// Made by the pipeline of `convert`, which alone has what it is judged by.
void register_diagnose_no_evaluation_data(FindingRuleRegistry& registry) {
  registry.add(
      {"no_evaluation_data", Severity::Warning,
       "No samples were given, so the converted model was not compared with the float model on "
       "any\n"
       "data. It may be right; nothing here shows it.\n"
       "\n"
       "To mend it, pass `--data`, or `--eval` a file that says what to measure on which data.",
       nullptr});
}

}  // namespace acuate
