#pragma once

#include <string>
#include <vector>

#include "cli/flags.h"
#include "convert/options.h"

namespace acuate {

// The flags of `acuate convert`. They are the arguments of convert() in Python as well, which hands
// them over as text, so that both take the same and refuse the same.
class ConvertFlags {
 public:
  void declare(CLI::App& app);
  // After parsing. Errors: what a flag's own form does not tell, such as a pass that there is not.
  Result<ConvertOptions> options() const;

 private:
  ConvertOptions options_;
  ShapeFlags shapes_;
  std::vector<std::string> diagnose_, disable_, cut_;
};

// `arguments` as they stand behind `acuate convert`, but for --json and --help.
Result<ConvertOptions> parse_convert_arguments(const std::vector<std::string>& arguments);

}  // namespace acuate
