#include "base/progress.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(Progress, PeakMemoryIsThatOfThisProcess) {
  const uint64_t before = peak_rss_bytes();
  const std::vector<char> touched(size_t{256} << 20, 'x');
  const uint64_t after = peak_rss_bytes();
  EXPECT_GE(after, before + (size_t{200} << 20)) << touched[touched.size() / 2];
  std::ifstream status("/proc/self/status");
  std::stringstream text;
  text << status.rdbuf();
  const size_t at = text.str().find("VmHWM:");
  ASSERT_NE(at, std::string::npos);
  const auto expected = static_cast<double>(std::stoull(text.str().substr(at + 6)) * 1024);
  EXPECT_NEAR(static_cast<double>(peak_rss_bytes()), expected, 1 << 20);
}

TEST(Progress, CpuTimeGrowsWithWork) {
  const double before = cpu_seconds();
  volatile double sum = 0;
  while (cpu_seconds() < before + 0.01) sum = sum + 1;
  EXPECT_GT(cpu_seconds(), before);
  EXPECT_GE(Stopwatch().seconds(), 0);
}

}  // namespace
}  // namespace acuate
