#include "targets/unavailable.h"

namespace acuate {

void register_targets_tensorrt(TargetRegistry& registry) {
  registry.add({"tensorrt", "TensorRT on NVIDIA GPUs (not in this version)",
                make_unavailable_target({.product = "TensorRT",
                                         .library = {.home_variable = "ACUATE_TENSORRT_HOME",
                                                     .stem = "libnvinfer.so.",
                                                     .home_folders = {"", "lib"},
                                                     .package_folders = {"tensorrt_libs"}},
                                         .how_to_get = "pip install tensorrt",
                                         .needs = "an NVIDIA GPU and driver to run"})});
}

}  // namespace acuate
