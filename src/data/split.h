#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/dataset.h"

namespace acuate {

// Sample indices, ascending.
struct Split {
  std::vector<size_t> calibration;
  std::vector<size_t> evaluation;
};

// Holds out every `every`-th of the shuffled samples for evaluation; the same seed gives the same
// split everywhere. A single sample goes to calibration.
Split split_samples(size_t count, size_t every = 4, uint64_t seed = 0);

// All of them in order, or `count` of them drawn by seed, ascending (`--samples N`).
std::vector<size_t> choose_samples(size_t size, size_t count, uint64_t seed = 0);

// Pairs of sample names, calibration first, whose content is the same.
Result<std::vector<std::pair<std::string, std::string>>> find_overlap(
    const Dataset& calibration, std::span<const size_t> calibration_indices,
    const Dataset& evaluation, std::span<const size_t> evaluation_indices);

}  // namespace acuate
