#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/tensor.h"
#include "report/report.h"

namespace acuate {

inline constexpr const char* kSignatureName = "signature.json";

// A module of the program that the model was exported from, as that program lists it.
struct KnownModule {
  std::string path;  // as `named_modules()` has it; empty: the whole model
  std::string class_name;
  int64_t calls = 0;  // in one inference
};

// How the exported program is called, as the front in which it was written describes it: copied
// into the artifact as it is, for that front to read. The core reads `modules` alone, a list of
// objects with `path`, `class` and `calls` (absent: what the model's names tell), and
// `sample_shapes`, sizes of a sample by input.
struct Signature {
  std::string text;
  std::vector<KnownModule> modules;
  std::map<std::string, Shape> sample_shapes;  // by input, for timing where no data are given
};

// Errors: no JSON object, modules of another form or without the root; the file is named.
Result<Signature> read_signature(const std::filesystem::path& file);

// Makes the report's modules those of the program: rows of modules that are not among them go into
// the nearest one that holds them, and a module without nodes of its own, such as a dropout, is
// where the nearest one that holds it is. Rows come in the order of `known`. Counts the coverage
// anew. Nothing where `known` is empty.
void tell_known_modules(Report& report, const std::vector<KnownModule>& known);

}  // namespace acuate
