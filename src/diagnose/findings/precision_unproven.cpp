#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_precision_unproven(FindingRuleRegistry& registry) {
  registry.add({.id = "precision_unproven",
                .severity = Severity::Info,
                .doc = "The emitted graph computes in 16-bit floats, but the engine's profile "
                       "names kernels without their types. ONNX Runtime on the CPU computes in "
                       "float32 where it has no kernel of float16 and does not round between such "
                       "nodes: only constants are rounded then, the measured accuracy is better "
                       "than that of an engine of float16, and nothing gets faster.\n\n"
                       "To mend it, nothing needs mending; measure speed and accuracy on an "
                       "engine that computes in 16 bits.",
                .find = nullptr});
}

}  // namespace acuate
