#include "diagnose/rule.h"

namespace acuate {

// Made by the pipeline of `convert`, which alone has what it is judged by.
void register_diagnose_kept_float(FindingRuleRegistry& registry) {
  registry.add({"kept_float", Severity::Info,
                "A convolution or matrix product stays in float while the rest runs in 8 bits, for "
                "the reason\n"
                "that the evidence gives: excluded by hand, no integer kernel in the engine, or "
                "weights that are\n"
                "computed at run time. Tensors are converted at its borders.\n\n"
                "To mend it, where it was excluded by hand, leave out that `--exclude`; else "
                "nothing needs mending.",
                nullptr});
}

}  // namespace acuate
