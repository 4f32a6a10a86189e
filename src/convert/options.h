#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/progress.h"
#include "diagnose/fix.h"

namespace acuate {

// What `acuate convert` is asked for; the names follow the command line.
struct ConvertOptions {
  std::filesystem::path model;
  std::filesystem::path output;
  bool overwrite = false;

  std::string target = "onnxruntime";  // an id, a table file, or `auto`: whichever is fastest here
  // Of engines that are compiled ahead of time, in the vendor's terms, such as the compute
  // capability 8.6; empty: the vendor's portable form.
  std::vector<std::string> devices;
  std::vector<std::string> diagnose;  // further targets whose findings go into the report
  FixOptions fix;                     // --shape, --dim

  std::optional<std::filesystem::path> data;
  size_t samples = 0;  // of `data`, drawn by seed; 0: all
  uint64_t seed = 0;
  std::string preprocess;  // preset or file; empty: assumed, and said as a finding
  std::optional<std::filesystem::path> eval;

  std::string adapter;                    // `pad[:FILL]` or `INPUT=pad[:FILL]`; empty: none
  std::vector<std::string> mask_inputs;   // `NAME[=valid|padding]`
  std::vector<std::string> output_kinds;  // `NAME=KIND`, see OutputKind

  std::string precision = "fp32";  // fp32 | fp16 | bf16 | int8 | auto: the fastest by --max-drop
  std::string scheme;              // empty: the target's default
  std::string range;               // empty: by trial
  std::string weight_range = "minmax";  // or `mse`
  // `auto`: what is measured to help; `none`, or ids of recoveries.
  std::vector<std::string> recover = {"auto"};
  std::string hybrid;                  // `s16`, `u16` or `float`; empty: 8 bits throughout
  std::optional<double> hybrid_share;  // of activations
  std::string hybrid_budget;           // `15%` of the work, `1.5ms`; empty: no limit
  std::string weights_only;  // `s8` or `s4`: grids for weights of products alone; empty: for all
  std::optional<int> group;  // with it: inputs that share a scale; 0: all; else 128 for s4
  std::vector<std::string> exclude;
  std::optional<std::filesystem::path> encodings;  // applied as they stand, in place of choosing
  std::optional<std::filesystem::path> plots;      // folder for pictures of what quantization did
  std::vector<std::string> max_drop;

  // Tensors behind which all is the host's; `auto`: where the target's longest prefix ends; `none`:
  // only `fix` cuts unasked. Empty: nothing said.
  std::vector<std::string> cut;
  std::optional<size_t> max_engines;
  std::vector<std::string> keep_on_host;     // patterns of node names and module paths
  std::vector<std::filesystem::path> costs;  // tables of `bench --calibrate`, of target and host
  std::optional<double> require_coverage;    // of nodes, 0…1
  // How the exported program is called, and its modules (convert/signature.h); into the artifact.
  std::optional<std::filesystem::path> signature;
  std::optional<std::filesystem::path> config;  // which modules to convert, and how
  std::function<void(const std::string&)>
      note;  // what there is to know before it is done; may be empty

  bool exact = false;
  std::set<std::string> disabled_passes;
  int threads = 0;
  uint64_t max_memory_bytes = uint64_t{2} << 30;
  int runs = 20;  // timed runs of each contender
  Progress progress;
};

}  // namespace acuate
