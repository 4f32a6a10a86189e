#include "diagnose/rule.h"

namespace acuate {

// Made where data are: by `convert` and `diagnose --data`.
void register_diagnose_channel_order(FindingRuleRegistry& registry) {
  registry.add(
      {"channel_order", Severity::Warning,
       "The network is clearly surer of its results (by 0.1 in the mean, on 4 of 5 samples) with "
       "the\n"
       "channels of its input in the opposite order: it was probably trained on BGR images and is "
       "given\n"
       "RGB, or the other way round. Told only where outputs are class scores or probabilities, on "
       "up to\n"
       "16 samples. It suggests and does not prove: compare the accuracy on labelled data.\n\n"
       "To mend it, set `channel_order: bgr` (or `rgb`) in the pre-processing.",
       nullptr});
}

}  // namespace acuate
