#include "diagnose/rule.h"

namespace acuate {

// Made by the pipeline of `convert`, which alone knows the adapter.
void register_diagnose_output_kind_unknown(FindingRuleRegistry& registry) {
  registry.add(
      {"output_kind_unknown", Severity::Warning,
       "The network has a fixed image size, and images of other sizes are padded to it\n"
       "(`--adapter pad`). Boxes, points and masks then count in the padded image, and must be "
       "told "
       "in\n"
       "the one that came; which outputs are boxes, points or masks, nobody said. They are left as "
       "they\n"
       "are: nothing is guessed.\n\n"
       "To mend it, say `--output-kind NAME=KIND` for each: xyxy, xywh, cxcywh or points, with\n"
       "`-normalized` where 1 is the whole side, mask, or none. Where samples were given, the "
       "evidence\n"
       "holds a proposal from tests with scaled and shifted images, as flags to paste.",
       nullptr});
}

}  // namespace acuate
