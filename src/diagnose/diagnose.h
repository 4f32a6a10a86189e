#pragma once

#include <string>
#include <vector>

#include "diagnose/finding.h"
#include "diagnose/fix.h"
#include "partition/partition.h"
#include "targets/target.h"

namespace acuate {

struct DiagnoseOptions {
  // Shapes that the user gave or the data propose, and the engine that folds constants (empty: the
  // shadow keeps what computes shapes; it is then left out of account).
  FixOptions fix;
  std::string shapes_source = "as given";  // `proposed from the data`
  // Of host and target, for what findings are worth in time; null: nothing is predicted. They
  // outlive the call.
  const PartitionCosts* costs = nullptr;
};

struct Diagnosis {
  std::vector<Finding> findings;  // errors first
  // What each way to divide the mended model between target and host would amount to, by what the
  // target takes now; empty where it cannot be divided.
  std::vector<PartitionOption> options;
};

// All that is wrong with the model, and all that the target holds against it, at once: errors
// first. The target is asked about the model as it stands for dynamic shapes, and for everything
// else about a shadow copy with fixed shapes, simplified; findings name the user's own modules and
// nodes. Runs nothing of the model but constant nodes. Errors: the target does not diagnose, or the
// shapes do not fit.
Result<Diagnosis> diagnose_and_divide(const Model& model, const Target& target,
                                      const DiagnoseOptions& options = {});
// The findings alone.
Result<std::vector<Finding>> diagnose(const Model& model, const Target& target,
                                      const DiagnoseOptions& options = {});

}  // namespace acuate
