#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace acuate {

// A longest common subsequence as pairs of places, rising; nothing where more than `max_edits`
// elements stand in only one of the two. Time and memory: their length, and the square of the
// edits. (Myers, "An O(ND) difference algorithm and its variations", Algorithmica 1986, section 2.)
std::vector<std::pair<uint32_t, uint32_t>> common_sequence(std::span<const uint64_t> a,
                                                           std::span<const uint64_t> b,
                                                           size_t max_edits);

}  // namespace acuate
