#include "diagnose/rule.h"

namespace acuate {

// Made where data are: by `convert` and `diagnose --data`.
void register_diagnose_normalisation(FindingRuleRegistry& registry) {
  registry.add(
      {"normalisation", Severity::Warning,
       "What the model's first convolution makes of the data differs from the statistics that the "
       "batch\n"
       "normalization behind it was trained with: deviations by more than a factor of 3, or means "
       "by\n"
       "more than 3 deviations, in the median of the channels, on up to 16 samples. Pixels are "
       "probably\n"
       "given in another scale than in training (0…255 for 0…1, or without mean and deviation).\n"
       "Where the exporter folded the batch normalization into the convolution this cannot be "
       "seen, and\n"
       "nothing is said.\n\n"
       "To mend it, declare the pre-processing of the training (`--preprocess`); the finding "
       "disappears\n"
       "when the statistics agree.",
       nullptr});
}

}  // namespace acuate
