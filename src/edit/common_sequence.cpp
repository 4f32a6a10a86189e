#include "edit/common_sequence.h"

#include <algorithm>

namespace acuate {

std::vector<std::pair<uint32_t, uint32_t>> common_sequence(std::span<const uint64_t> a,
                                                           std::span<const uint64_t> b,
                                                           size_t max_edits) {
  const auto n = static_cast<int64_t>(a.size()), m = static_cast<int64_t>(b.size());
  const auto limit = static_cast<int64_t>(std::min<size_t>(max_edits, a.size() + b.size()));
  // furthest[d][k + d]: how far into `a` the diagonal k (place in a − place in b) is reached with d
  // edits.
  std::vector<std::vector<int64_t>> furthest;
  const auto reach = [&](int64_t d, int64_t k) {
    return k < -d || k > d ? int64_t{-1}
                           : furthest[static_cast<size_t>(d)][static_cast<size_t>(k + d)];
  };
  // Where diagonal k begins in step d, before elements that are equal.
  const auto start = [&](int64_t d, int64_t k) {
    if (d == 0) return int64_t{0};
    return std::max(reach(d - 1, k + 1), reach(d - 1, k - 1) + 1);
  };
  int64_t found = -1;
  for (int64_t d = 0; d <= limit && found < 0; ++d) {
    furthest.emplace_back(static_cast<size_t>(2 * d + 1), int64_t{-1});
    for (int64_t k = -d; k <= d; k += 2) {
      int64_t x = start(d, k);
      if (x > n || x - k > m || x - k < 0) continue;
      while (x < n && x - k < m && a[static_cast<size_t>(x)] == b[static_cast<size_t>(x - k)]) ++x;
      furthest.back()[static_cast<size_t>(k + d)] = x;
      if (x == n && x - k == m) found = d;
    }
  }
  std::vector<std::pair<uint32_t, uint32_t>> pairs;
  if (found < 0) return pairs;
  int64_t k = n - m;
  for (int64_t d = found; d >= 0; --d) {
    const int64_t begin = start(d, k);
    for (int64_t x = reach(d, k); x > begin; --x)
      pairs.emplace_back(static_cast<uint32_t>(x - 1), static_cast<uint32_t>(x - 1 - k));
    if (d > 0) k = reach(d - 1, k + 1) >= reach(d - 1, k - 1) + 1 ? k + 1 : k - 1;
  }
  std::reverse(pairs.begin(), pairs.end());
  return pairs;
}

}  // namespace acuate
