#include "diagnose/rule.h"

namespace acuate {

// Made where data are: by `convert` and `quantize`.
void register_diagnose_calibration_too_small(FindingRuleRegistry& registry) {
  registry.add({"calibration_too_small", Severity::Warning,
                "The range method that was named, or that won the trial, has seen too little for "
                "its rule to say\n"
                "anything: a percentile of fewer values than one in which it cuts one off keeps "
                "all of them, a\n"
                "divergence needs several values in each cell, a moving average is the range of "
                "the first sample\n"
                "for long. Told where samples are too few, or the values of a quarter of the "
                "tensors. The ranges\n"
                "are used nevertheless.\n\n"
                "To mend it, give as many samples as the finding says, or a method that takes any "
                "number:\n"
                "`--range mse` or `--range minmax`; a lower `percentile:P` and an `average:W` of "
                "larger weight need\n"
                "fewer.",
                nullptr});
}

}  // namespace acuate
