#pragma once

#include <functional>
#include <vector>

#include "base/progress.h"
#include "base/result.h"

namespace acuate {

// Times of one contender, in the order of the runs.
struct Timing {
  std::vector<double> wall_ms;
  std::vector<double> cpu_ms;  // of all threads
  double median_ms() const;
  double p95_ms() const;
  double median_cpu_ms() const;
};

// Runs the contenders in turn, A B A B …, after `warmup` rounds that do not count, so that a drift
// of the machine's speed meets all of them alike. One entry for each contender.
Result<std::vector<Timing>> time_interleaved(
    const std::vector<std::function<Result<void>()>>& contenders, int runs, int warmup = 2,
    const Progress& progress = {});

// Linear interpolation between closest ranks; 0 for no values.
double quantile(std::vector<double> values, double fraction);

}  // namespace acuate
