#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/registry.h"
#include "base/result.h"
#include "evaluate/decoder.h"
#include "runtime/manifest.h"

namespace acuate {

// What is handed over to another program.
struct ExportRequest {
  std::filesystem::path artifact;  // the folder that `convert` wrote
  Manifest manifest;               // of it
  std::string name;                // of the model for the other program: letters, digits, _ and -
  std::filesystem::path output;    // an empty folder, which appears whole or not at all
  // What the outputs are decoded with behind the network; empty: the outputs are handed over.
  std::string decoder = {};
  DecoderOptions decoder_options = {};  // complete
};

// A form in which artifacts are handed over: one file of exporters/ each.
struct Exporter {
  std::string id;       // `triton`; on the command line `--triton FOLDER`
  std::string summary;  // one line for --help
  // Fills `output`. Errors: what of the artifact the other program cannot express, with the module.
  std::function<Result<void>(const ExportRequest&)> write;
  bool serves_decoders = false;  // it can run a decoder as a network of its own
};
using ExporterRegistry = Registry<Exporter>;
void register_all_exporters(ExporterRegistry& registry);
const ExporterRegistry& exporters();

// Opens the artifact's manifest and lets the exporter fill a folder that appears when it is done.
// `name`: empty for the artifact folder's own. `eval`: an evaluation spec that names the decoder;
// empty: none. Errors: no artifact, an output that is there, a spec without a decoder.
Result<void> export_artifact(const std::filesystem::path& artifact, const Exporter& exporter,
                             const std::string& name, const std::filesystem::path& output,
                             const std::filesystem::path& eval = {});

}  // namespace acuate
