#include "diagnose/rule.h"

namespace acuate {

// Made where data are: by `convert` and `diagnose --data`.
void register_diagnose_calibration_unsettled(FindingRuleRegistry& registry) {
  registry.add({"calibration_unsettled", Severity::Warning,
                "Fewer than 8 samples calibrate, or all of them are alike, or the ranges of "
                "activations still grow with "
                "each: from half of\n"
                "the samples to all by more than 10 % in the median, or by more than 25 % for a "
                "tenth of the\n"
                "tensors. On other data values will be clipped that calibration never saw. Each "
                "half of the samples\n"
                "is compared with the whole; the estimate for one more sample holds where samples "
                "come in no\n"
                "particular order.\n\n"
                "To mend it, give more samples, and such as cover what the network will see (all "
                "classes, lights,\n"
                "sizes); a few hundred are usual.",
                nullptr});
}

}  // namespace acuate
