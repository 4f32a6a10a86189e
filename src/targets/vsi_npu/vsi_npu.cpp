#include "targets/table.h"

namespace acuate {

// VeriSilicon's VIP processors: this version says what they refuse, from public operator lists
// (table.yaml).
void register_targets_vsi_npu(TargetRegistry& registry) {
  auto table = parse_table(embedded_table("vsi_npu"), "built in");
  ACUATE_CHECK(table.has_value(),
               "the built-in table: " + (table ? std::string() : table.error().message));
  registry.add(make_table_target(
      std::move(*table),
      "this version of acuate diagnoses for VeriSilicon NPUs, quantizes for them and computes the "
      "quantized network in integers (`--simulate`); to build for them and to run on them takes "
      "the "
      "vendor's toolkit (Acuity) and a device"));
}

}  // namespace acuate
