#include "base/parallel.h"

#include <atomic>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(ParallelFor, EachIndexOnce) {
  std::vector<std::atomic<int>> seen(1000);
  parallel_for(seen.size(), 4, [&](size_t i) { ++seen[i]; });
  for (const auto& count : seen) EXPECT_EQ(count, 1);
}

TEST(ParallelFor, ThrowsAfterTheOthersFinished) {
  std::atomic<int> done{0};
  EXPECT_THROW(parallel_for(100, 3,
                            [&](size_t i) {
                              if (i == 7) throw std::runtime_error("seven");
                              ++done;
                            }),
               std::runtime_error);
  EXPECT_EQ(done, 99);
}

TEST(ParallelFor, NothingToDo) {
  parallel_for(0, 2, [](size_t) { FAIL(); });
}

}  // namespace
}  // namespace acuate
