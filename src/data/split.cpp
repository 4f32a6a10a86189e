#include "data/split.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

namespace acuate {
namespace {

// Fisher-Yates over the engine's own bits: std::shuffle and the distributions differ between
// standard libraries.
std::vector<size_t> shuffled(size_t count, uint64_t seed) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  std::mt19937_64 engine(seed);
  for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[engine() % i]);
  return order;
}

}  // namespace

Split split_samples(size_t count, size_t every, uint64_t seed) {
  ACUATE_CHECK(every >= 2, "holding out every sample leaves none");
  const std::vector<size_t> order = shuffled(count, seed);
  Split split;
  for (size_t i = 0; i < count; ++i) {
    // Of fewer than `every` samples the last is held out.
    const bool held_out = i % every == every - 1 || (count < every && count > 1 && i == count - 1);
    (held_out ? split.evaluation : split.calibration).push_back(order[i]);
  }
  std::sort(split.calibration.begin(), split.calibration.end());
  std::sort(split.evaluation.begin(), split.evaluation.end());
  return split;
}

std::vector<size_t> choose_samples(size_t size, size_t count, uint64_t seed) {
  std::vector<size_t> chosen = shuffled(size, seed);
  chosen.resize(std::min(size, count));
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

Result<std::vector<std::pair<std::string, std::string>>> find_overlap(
    const Dataset& calibration, std::span<const size_t> calibration_indices,
    const Dataset& evaluation, std::span<const size_t> evaluation_indices) {
  std::multimap<std::string, size_t> by_hash;
  for (size_t index : calibration_indices) {
    auto hash = calibration.sample_hash(index);
    if (!hash) return hash.error();
    by_hash.emplace(std::move(*hash), index);
  }
  std::vector<std::pair<std::string, std::string>> pairs;
  for (size_t index : evaluation_indices) {
    const auto hash = evaluation.sample_hash(index);
    if (!hash) return hash.error();
    const auto [first, last] = by_hash.equal_range(*hash);
    for (auto same = first; same != last; ++same)
      pairs.emplace_back(calibration.sample_name(same->second), evaluation.sample_name(index));
  }
  return pairs;
}

}  // namespace acuate
