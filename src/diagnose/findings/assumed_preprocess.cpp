#include "diagnose/rule.h"

namespace acuate {

// Made by the pipeline of `convert`, which alone has what it is judged by.
void register_diagnose_assumed_preprocess(FindingRuleRegistry& registry) {
  registry.add(
      {"assumed_preprocess", Severity::Warning,
       "Images were given without a declaration of how they become the network's input, so the\n"
       "preset `unit` (stretch, RGB, 0 to 1) was assumed. A network that was trained with another\n"
       "pre-processing sees wrong values then: ranges, accuracy and boxes mean nothing.\n"
       "\n"
       "To mend it, pass `--preprocess` a preset (`acuate explain imagenet` and the like) or a "
       "YAML file.\n"
       "The artifact stores what was used.",
       nullptr});
}

}  // namespace acuate
