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
  std::filesystem::path data = {};      // samples to compare on; empty: none were given
  std::function<void(const std::string&)> note = {};  // takes a sentence for people; may be null
};

// A form in which artifacts are handed over: one file of exporters/ each.
struct Exporter {
  std::string id;       // `triton`; on the command line `--triton FOLDER`
  std::string summary;  // one line for --help
  // Fills `output`. Errors: what of the artifact the other program cannot express, with the module.
  std::function<Result<void>(const ExportRequest&)> write;
  bool serves_decoders = false;   // it can run a decoder as a network of its own
  bool compares_on_data = false;  // it compares what the other program computes
};
using ExporterRegistry = Registry<Exporter>;
void register_all_exporters(ExporterRegistry& registry);
const ExporterRegistry& exporters();

struct ExportOptions {
  std::string name = {};            // of the model there; empty: the artifact folder's own
  std::filesystem::path eval = {};  // an evaluation spec that names the decoder; empty: none
  std::filesystem::path data = {};  // ExportRequest::data
  std::function<void(const std::string&)> note = {};
};

// Opens the artifact's manifest and lets the exporter fill a folder that appears when it is done.
// Errors: no artifact, an output that is there, a spec without a decoder, a spec or data that the
// exporter has no use for.
Result<void> export_artifact(const std::filesystem::path& artifact, const Exporter& exporter,
                             const std::filesystem::path& output,
                             const ExportOptions& options = {});

}  // namespace acuate
