#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "convert/options.h"
#include "report/report.h"

namespace acuate {

struct Conversion {
  Report report;
  std::filesystem::path output;
  std::vector<std::string> unmet;  // required conditions that failed, a sentence each; the artifact
                                   // is written all the same
  std::vector<std::string> files;  // of the modules, in the order of execution
};

// The main job: import → fix → simplify → diagnose → partition → calibrate and quantize → emit →
// compile → evaluate → report. Writes the artifact (blueprint §2) as one folder that appears whole
// at the end. Errors leave nothing behind.
Result<Conversion> convert(const ConvertOptions& options);

// Everything that simplify() does, as the edit command `apply simplify` (or `apply
// simplify-exact`, or with patterns `apply simplify:layer-norm,gelu`); any other id is one pass. A
// legalizer stands before the nodes that it replaces: `legalize-gelu NODE…`. A sentence says what
// was done.
Result<std::string> apply_pass_by_name(Model& model, std::string_view id,
                                       const PassContext& context);

}  // namespace acuate
