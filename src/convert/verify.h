#pragma once

#include <functional>
#include <string>
#include <vector>

#include "convert/mend.h"
#include "targets/target.h"

namespace acuate {

// How far one output of the mended model is from the original's, over all samples.
struct OutputDifference {
  std::string name;
  bool is_equal = true;  // bit for bit, shape included
  double max_abs = 0;    // largest difference
  double magnitude = 0;  // largest finite value of the original's output
  std::string trouble;   // why there is no number: shapes that differ, a value that is not finite

  double relative() const { return magnitude > 0 ? max_abs / magnitude : max_abs; }
};

struct Verification {
  size_t samples = 0;
  std::vector<OutputDifference> outputs;  // in the original's order
  double tolerance = 0;  // 0: equal to the bit; else the largest relative() that is allowed

  bool is_equal() const;
  bool holds() const;
};

struct VerifyOptions {
  // Contents of the original's inputs; they fit the mended model's shapes.
  std::function<Result<std::vector<Tensor>>(size_t)> load;
  size_t samples = 0;
  double tolerance = 1e-3;  // where passes that round were used
  int threads = 0;
};

// Runs the original, and the mended model with its tail behind it, on the same samples by the same
// engine without its own optimizations, so that differences are those of the edits. Where no pass
// rounded, equality to the bit is asked for. Errors: a model that does not load or run.
Result<Verification> verify(const Model& original, const Mended& mended, const Target& engine,
                            const VerifyOptions& options);

}  // namespace acuate
