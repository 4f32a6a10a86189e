#include "diagnose/rule.h"

namespace acuate {

// Made where data are: by `convert` and `diagnose --data`.
void register_diagnose_activation_outliers(FindingRuleRegistry& registry) {
  registry.add(
      {"activation_outliers", Severity::Warning,
       "A few values of an activation are far larger than all others: the largest is at least 8 "
       "times\n"
       "what 99.99 % of the values stay within. One scale for all of them is that much coarser, or "
       "the\n"
       "outliers are clipped. Frequent behind LayerNorm and in the residual stream of "
       "transformers\n"
       "(Bondarenko et al., \"Understanding and Overcoming the Challenges of Efficient "
       "Transformer\n"
       "Quantization\", 2021, section 3). Needs data: `diagnose --data` and `convert --precision "
       "int8`.\n\n"
       "To mend it, choose the range by its error (`--range mse`) or by a percentile "
       "rather\n"
       "than `minmax`, and compare the accuracy; or keep the nodes that read the tensor in float\n"
       "(`--exclude NODE`).",
       nullptr});
}

}  // namespace acuate
