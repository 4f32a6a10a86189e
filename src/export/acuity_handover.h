#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/preprocess.h"
#include "graph/model.h"
#include "numeric/encodings.h"

namespace acuate {

// A quantized network as the toolchain of VeriSilicon's NPUs takes it (docs/acuity.md): the static
// float model, the ranges, how inputs are fed, and the commands that make the network binary.
struct AcuityHandover {
  const Model& model;  // float, as import_qdq() gives it
  const Encodings& encodings;
  const Preprocess* preprocess = nullptr;  // of the images that the inputs are; null: tensors
};

// Writes model.onnx, model.quantize, model_inputmeta.yml, names.py and convert.sh into an empty
// folder. Errors: an input whose shape is not static, encodings that Acuity's format cannot say.
Result<void> write_acuity_handover(const AcuityHandover& handover,
                                   const std::filesystem::path& folder);

// model_inputmeta.yml alone.
Result<std::string> acuity_inputmeta(const AcuityHandover& handover);

}  // namespace acuate
