#include "targets/unavailable.h"

namespace acuate {

void register_targets_openvino(TargetRegistry& registry) {
  registry.add({"openvino", "OpenVINO on the CPU (not in this version)",
                make_unavailable_target(
                    {.product = "OpenVINO",
                     .library = {.home_variable = "ACUATE_OPENVINO_HOME",
                                 .stem = "libopenvino.so.",
                                 .home_folders = {"", "lib", "libs", "runtime/lib/intel64"},
                                 .package_folders = {"openvino/libs"}},
                     .how_to_get = "pip install openvino",
                     .needs = ""})});
}

}  // namespace acuate
