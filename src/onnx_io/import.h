#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// Opens an ONNX file: maps it and its structure, reads no weight. Everything that can be decoded
// opens; verify() says what is wrong with it. Errors (all end a command with status 2): not ONNX (a
// known other format is named with its converter), cut off, a length that overruns, external data
// outside its file or folder.
Result<std::unique_ptr<Model>> import_model(const std::filesystem::path& path);

// The same from bytes that `owner` keeps alive; external data is looked up in `folder`.
Result<std::unique_ptr<Model>> import_model(Bytes bytes, std::shared_ptr<const void> owner,
                                            const std::filesystem::path& path);

}  // namespace acuate
