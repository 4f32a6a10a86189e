#include "base/parallel.h"

#include <atomic>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

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

// Leaves room for a thread or two of 64.
bool runs_with_little_room() {
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t bytes = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (24U << 20);
  const rlimit limit{bytes, bytes};
  if (setrlimit(RLIMIT_AS, &limit) != 0) return false;
  std::atomic<int> done{0};
  parallel_for(1000, 64, [&](size_t) {
    ++done;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  });
  return done == 1000;
}

TEST(ParallelFor, GoesOnWithTheThreadsThatItGets) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer ends the process itself when memory is short";
#endif
  EXPECT_EXIT(_exit(runs_with_little_room() ? 0 : 1), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace acuate
