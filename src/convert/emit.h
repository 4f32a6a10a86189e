#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "convert/division.h"
#include "runtime/manifest.h"
#include "targets/sizes_within.h"

namespace acuate {

inline constexpr const char* kModuleFile = "modules/model.onnx";  // of a model that is not divided

struct EmittedModules {
  std::vector<ManifestModule> modules;                           // in the order of execution
  std::vector<bool> on_target;                                   // as many
  std::map<std::string, std::string, std::less<>> file_of_node;  // empty where it is one file
};

// Writes the model into `folder`/modules: the whole, or its pieces, each for the engine that runs
// it. `model` is the float graph of the division or its quantized form.
Result<EmittedModules> emit_modules(const Model& model, const Division& division,
                                    const Target& target, const std::filesystem::path& folder);

// Compiles what is on the target ahead of time into `folder`/engines, where the target does that,
// and notes it in the modules. `sizes` are those of the model that was emitted, for the borders of
// its pieces. The sizes between which engines were built to run, by the values that they read.
// Errors: it does not take a module.
Result<ShapeRanges> build_engines(EmittedModules& emitted, const Target& target,
                                  const SizesWithin& sizes, const std::vector<std::string>& devices,
                                  const std::filesystem::path& folder);

// Inputs and outputs of the artifact, those of the float graph, by what the modules' engines say of
// their borders. Errors: an engine does not take what was emitted.
Result<void> describe_ports(const std::vector<ManifestModule>& modules, const Model& float_model,
                            const std::filesystem::path& folder, const EngineOptions& options,
                            Manifest& manifest);

}  // namespace acuate
