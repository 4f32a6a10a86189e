#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "data/preprocess.h"
#include "runtime/artifact.h"

namespace acuate {

// `--input NAME=FILE`, as often as there are inputs.
struct InputFlags {
  std::vector<std::string> texts;
  void declare(CLI::App& app);
  // Files by input; a name given twice is an error.
  Result<std::map<std::string, std::string>> parse() const;
};

// The contents of a model's inputs, in its order: .npy files, or an image where the artifact stores
// its pre-processing. Errors: an input without a file, a file without an input.
Result<std::vector<Tensor>> read_inputs(const InputFlags& flags, const Runnable& runnable);
// The same for inputs that are known otherwise; `preprocess` may be null.
Result<std::vector<Tensor>> read_inputs(const InputFlags& flags, const std::vector<IoSpec>& inputs,
                                        const Preprocess* preprocess);

// Reproducible contents from the seed and the input's name: floats in [0, 1), integers and
// booleans 0 or 1, all else zero. `shape` has no dynamic dimension.
Tensor random_tensor(const IoSpec& input, const Shape& shape, uint64_t seed);

}  // namespace acuate
