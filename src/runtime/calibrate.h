#pragma once

#include <set>
#include <string>

#include "base/progress.h"
#include "base/result.h"
#include "runtime/cost_table.h"
#include "targets/target.h"

namespace acuate {

struct CalibrateOptions {
  int threads = 0;                  // of the engine; 0: all
  double effort = 1;                // of time spent on each measurement; tests take less
  std::set<std::string> operators;  // measure only these; empty: all
  Progress progress;
};

// Measures what operators cost on a target that runs here, by small networks of several sizes: the
// convolutions and matrix products in chains, as networks have them, all others side by side. An
// operator that the target does not run has no entry; `*` is what the others cost by bytes. Errors:
// the target does not run here.
Result<CostTable> calibrate_costs(const Target& target, const CalibrateOptions& options = {});

}  // namespace acuate
