#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/preprocess.h"
#include "runtime/adapter.h"
#include "targets/engine.h"

namespace acuate {

// An engine of a module that was compiled ahead of time, for machines that can run it.
struct ManifestEngine {
  std::string file;     // relative to the artifact
  std::string target;   // `tensorrt`
  std::string made_by;  // `TensorRT-RTX 1.7.1`: engines belong to a product and its version
  std::vector<std::string> devices;  // empty: the product's portable form
};

// One piece of an artifact, run in the order of the list.
struct ManifestModule {
  std::string kind = "onnx";  // onnx | engine | torch
  std::string file;           // relative to the artifact
  std::string target;
  std::vector<std::string> inputs;  // inputs of the artifact, or outputs of earlier modules
  std::vector<std::string> outputs;
  std::optional<ManifestEngine> engine = {};
  Arithmetic arithmetic = Arithmetic::Float32;
};

struct ManifestFile {
  std::string file;  // relative to the artifact
  uint64_t size_bytes = 0;
  std::string hash;  // content_hash()
};

// Between which sizes an input was converted to run; −1: a dimension of which nothing was said.
struct ManifestRange {
  Shape min, opt, max;
  // Errors: a dimension of `shape` outside, with its name, found and expected.
  Result<void> check(const std::string& input, std::span<const int64_t> shape) const;
};

// `manifest.json`, schema_version 1 (report/schema/manifest.schema.json): what to load, in which
// order, on what.
struct Manifest {
  std::string acuate;  // the version that wrote it
  std::string target;
  std::vector<IoSpec> inputs;
  std::vector<IoSpec> outputs;
  std::optional<Preprocess> preprocess;
  // Of inputs whose images may have other sizes than the modules take; `inputs` leave those open.
  std::vector<PadAdapter> adapters;
  std::map<std::string, ManifestRange> shape_ranges;  // by input; others take what they take
  std::vector<ManifestModule> modules;
  std::vector<ManifestFile> files;
  std::map<std::string, std::string> environment;
};

inline constexpr std::string_view kManifestName = "manifest.json";

std::string write_manifest(const Manifest& manifest);
// Strict: unknown versions, missing members, paths that leave the artifact are errors that name
// `source`.
Result<Manifest> parse_manifest(std::string_view text, const std::string& source);

// Size and hash of a file of the artifact.
Result<ManifestFile> describe_file(const std::filesystem::path& artifact, const std::string& file);

}  // namespace acuate
