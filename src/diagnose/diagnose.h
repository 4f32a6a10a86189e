#pragma once

#include <string>
#include <vector>

#include "diagnose/finding.h"
#include "diagnose/fix.h"
#include "targets/target.h"

namespace acuate {

struct DiagnoseOptions {
  // Shapes that the user gave or the data propose, and the engine that folds constants (empty: the
  // shadow keeps what computes shapes; it is then left out of account).
  FixOptions fix;
  std::string shapes_source = "as given";  // `proposed from the data`
};

// All that is wrong with the model, and all that the target holds against it, at once: errors
// first. The target is asked about the model as it stands for dynamic shapes, and for everything
// else about a shadow copy with fixed shapes, simplified; findings name the user's own modules and
// nodes. Runs nothing of the model but constant nodes. Errors: the target does not diagnose, or the
// shapes do not fit.
Result<std::vector<Finding>> diagnose(const Model& model, const Target& target,
                                      const DiagnoseOptions& options = {});

}  // namespace acuate
