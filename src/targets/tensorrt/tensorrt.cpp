#include "targets/unavailable.h"

namespace acuate {
namespace {

// TensorRT developer guide, explicit quantization: symmetric grids only, no integer bias behind a
// DequantizeLinear; the shortcut of a residual block is quantized, so that its Add is computed with
// the convolution before it.
QuantizationRules rules() {
  return {.target = "TensorRT",
          .placement = QuantizationRules::Placement::Residuals,
          .schemes = {"s8"},
          .integer_bias = false};
}

}  // namespace

void register_targets_tensorrt(TargetRegistry& registry) {
  registry.add({"tensorrt", "TensorRT on NVIDIA GPUs (not in this version)",
                make_unavailable_target({.product = "TensorRT",
                                         .library = {.home_variable = "ACUATE_TENSORRT_HOME",
                                                     .stem = "libnvinfer.so.",
                                                     .home_folders = {"", "lib"},
                                                     .package_folders = {"tensorrt_libs"}},
                                         .how_to_get = "pip install tensorrt",
                                         .needs = "an NVIDIA GPU and driver to run",
                                         .quantization = rules()})});
}

}  // namespace acuate
