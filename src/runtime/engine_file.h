#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "runtime/manifest.h"
#include "targets/target.h"

namespace acuate {

using Note = std::function<void(const std::string&)>;  // takes one sentence for people; may be null

// Compiles a module of the artifact in `folder` ahead of time, into a new file of engines/. Nothing
// where the target compiles what it loads. `options.shapes` may hold inputs that the module lacks.
// Errors: the target does not take it, the file cannot be written.
Result<std::optional<ManifestEngine>> build_engine(const std::filesystem::path& folder,
                                                   const ManifestModule& module,
                                                   const Target& target,
                                                   const BuildOptions& options);

// An engine file opens in the product and version that made it and in no other. Those that another
// version made than the one that is here are built anew from their modules' ONNX, in the folder and
// its manifest; where that fails the engine is refused: it is taken out of `manifest`, not of the
// folder's, and the module's ONNX is what is left to run. `note` is told of each, with both
// versions and what to do. Engines whose maker is not here are left alone.
void renew_engines(const std::filesystem::path& folder, Manifest& manifest, const Note& note);

}  // namespace acuate
