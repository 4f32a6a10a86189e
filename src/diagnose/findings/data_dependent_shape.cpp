#include "diagnose/judge.h"
#include "diagnose/rule.h"

namespace acuate {

void register_diagnose_data_dependent_shape(FindingRuleRegistry& registry) {
  registry.add({"data_dependent_shape", Severity::Error,
                "The size of a result follows from values (NonZero, NonMaxSuppression, Unique, "
                "Compress), or a node\n"
                "takes a shape, position or count from values that are computed at run time. The "
                "target needs every\n"
                "shape when it compiles, and fixing the inputs' shapes does not help here. Shapes "
                "that are computed\n"
                "from the inputs' dimensions alone are not meant; they are constants once the "
                "inputs are fixed.\n\n"
                "To mend it, keep the tail of the model from this node on on the host, where it "
                "costs little, or\n"
                "replace it by a form of fixed size (TopK with a constant count, a mask instead of "
                "a selection).",
                [](const DiagnoseContext& context) {
                  return cut_off(context, findings_by_reason(context, "data_dependent_shape",
                                                             Severity::Error));
                }});
}

}  // namespace acuate
