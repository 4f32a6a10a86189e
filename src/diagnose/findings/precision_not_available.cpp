#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_precision_not_available(FindingRuleRegistry& registry) {
  registry.add({.id = "precision_not_available",
                .severity = Severity::Warning,
                .doc = "A configuration asks for a precision of a module that this conversion does "
                       "not make. The module was converted in the precision of the whole.\n\n"
                       "To mend it, take `fp16` or `int8` out of the module's entry, or convert "
                       "with `--precision int8` and `--data`.",
                .find = nullptr});
}

}  // namespace acuate
