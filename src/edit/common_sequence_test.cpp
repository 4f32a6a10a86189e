#include "edit/common_sequence.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace acuate {
namespace {

// By the table of all prefixes.
size_t longest(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b) {
  std::vector<std::vector<size_t>> best(a.size() + 1, std::vector<size_t>(b.size() + 1, 0));
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < b.size(); ++j)
      best[i + 1][j + 1] = a[i] == b[j] ? best[i][j] + 1 : std::max(best[i][j + 1], best[i + 1][j]);
  return best[a.size()][b.size()];
}

TEST(CommonSequence, IsAsLongAsTheTableSays) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<uint64_t> a(random() % 20), b(random() % 20);
    for (auto* list : {&a, &b})
      for (uint64_t& item : *list) item = random() % 3;
    const auto pairs = common_sequence(a, b, 100);
    EXPECT_EQ(pairs.size(), longest(a, b));
    for (size_t i = 0; i < pairs.size(); ++i) {
      EXPECT_EQ(a[pairs[i].first], b[pairs[i].second]);
      if (i > 0) {
        EXPECT_LT(pairs[i - 1].first, pairs[i].first);
        EXPECT_LT(pairs[i - 1].second, pairs[i].second);
      }
    }
  }
}

TEST(CommonSequence, GivesUpBeyondTheLimit) {
  EXPECT_TRUE(
      common_sequence(std::vector<uint64_t>{1, 2, 3}, std::vector<uint64_t>{1, 5, 3}, 1).empty());
  EXPECT_EQ(
      common_sequence(std::vector<uint64_t>{1, 2, 3}, std::vector<uint64_t>{1, 5, 3}, 2).size(),
      2U);
}

}  // namespace
}  // namespace acuate
