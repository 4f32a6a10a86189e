#pragma once

#include <filesystem>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// The model as ONNX wire bytes, referring to the model's storage: nothing of a weight is copied.
// What was not touched comes out as it came in, byte for byte, unknown fields included; an
// untouched model is its own file.
WireRope encode_model(const Model& model);

struct SaveOptions {
  // External data: copied beside the new file, or hard-linked to the original's data files.
  bool reference_data = false;
};

// Writes the model by atomic rename; data files follow it into its folder under the names that the
// model gives them. Large payloads go from file to file without becoming resident.
Result<void> save_model(const Model& model, const std::filesystem::path& path,
                        const SaveOptions& options = {});

// The model in one buffer with external data folded in, for engines that take bytes. Errors beyond
// 2 GiB.
Result<std::string> model_bytes(const Model& model);

}  // namespace acuate
