#include <fmt/format.h>

#include "targets/table.h"
#include "targets/vsi_npu/toolchain.h"

namespace acuate {
namespace {

std::string what_is_missing() {
  const Availability toolkit = AcuityToolchain::here();
  return fmt::format(
      "this version of acuate diagnoses for VeriSilicon NPUs, quantizes for them and computes the "
      "quantized network in integers (`--simulate`). Network binaries are made of a hand-over: "
      "`acuate export --acuity` {}. To run them takes a device",
      toolkit.available
          ? fmt::format("calls acuitylite of {}", toolkit.file)
          : fmt::format("writes one for the vendor's toolkit (Acuity), and calls acuitylite where "
                        "that is there: {}",
                        toolkit.reason));
}

}  // namespace

// VeriSilicon's VIP processors: this version says what they refuse, from public operator lists
// (table.yaml).
void register_targets_vsi_npu(TargetRegistry& registry) {
  auto table = parse_table(embedded_table("vsi_npu"), "built in");
  ACUATE_CHECK(table.has_value(),
               "the built-in table: " + (table ? std::string() : table.error().message));
  registry.add(make_table_target(std::move(*table), what_is_missing()));
}

}  // namespace acuate
