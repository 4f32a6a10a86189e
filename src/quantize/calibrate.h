#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "graph/model.h"
#include "numeric/histogram.h"
#include "targets/target.h"

namespace acuate {

// The inputs of sample i, in the model's input order.
using SampleLoader = std::function<Result<std::vector<Tensor>>(size_t index)>;

struct CalibrationOptions {
  int threads = 0;
  // Activations held at once; a sample whose tensors need more is run in several pieces.
  uint64_t max_memory_bytes = uint64_t{2} << 30;
  Progress progress;
};

struct NonFinite {
  std::string tensor;
  size_t sample = 0;  // the first one that had a NaN or infinity
};

struct Calibration {
  std::map<std::string, Histogram, std::less<>> histograms;  // by tensor name
  size_t samples = 0;
  std::vector<NonFinite> non_finite;  // causes first: model inputs, then in the order asked for
};

// Runs the float graph (engine optimization basic: the graph as it is, constants folded) over the
// samples once and reads each named activation once, into its histogram. All named tensors must
// have static shapes. Memory: one group of activations up to max_memory_bytes and the histograms;
// it does not grow with the number of samples.
Result<Calibration> calibrate(const Model& model, const Target& target,
                              const std::vector<std::string>& tensors, size_t samples,
                              const SampleLoader& load, const CalibrationOptions& options = {});

}  // namespace acuate
