#include "diagnose/rule.h"

namespace acuate {

// Made by the pipeline of `convert`, which alone has what it is judged by.
void register_diagnose_sample_overlap(FindingRuleRegistry& registry) {
  registry.add({"sample_overlap", Severity::Warning,
                "Samples of the evaluation have the same content as samples of the calibration, "
                "judged by a\n"
                "hash. Ranges fit those samples, so the accuracy is told better than it will be on "
                "new data.\n"
                "\n"
                "To mend it, give other data to `--eval` than to `--data`.",
                nullptr});
}

}  // namespace acuate
