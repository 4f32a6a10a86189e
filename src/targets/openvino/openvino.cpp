#include "targets/unavailable.h"

namespace acuate {
namespace {

// As its own quantizer (NNCF) places them: on what weighted layers read, in u8 for convolutional
// networks; u8 leaves products of activations in float, s8 does not.
QuantizationRules rules() {
  return {.target = "OpenVINO",
          .placement = QuantizationRules::Placement::Inputs,
          .schemes = {"u8", "s8"},
          .attention_scheme = "s8",
          .unsigned_where_positive = true,
          .integer_bias = false};
}

}  // namespace

void register_targets_openvino(TargetRegistry& registry) {
  registry.add({"openvino", "OpenVINO on the CPU (not in this version)",
                make_unavailable_target(
                    {.product = "OpenVINO",
                     .library = {.home_variable = "ACUATE_OPENVINO_HOME",
                                 .stem = "libopenvino.so.",
                                 .home_folders = {"", "lib", "libs", "runtime/lib/intel64"},
                                 .package_folders = {"openvino/libs"}},
                     .how_to_get = "pip install openvino",
                     .needs = "",
                     .quantization = rules()})});
}

}  // namespace acuate
