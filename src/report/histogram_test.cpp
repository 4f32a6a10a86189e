#include "report/histogram.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

namespace acuate {
namespace {

int64_t total(const std::vector<int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

TEST(Histogram, EqualBinsStayAsTheyAre) {
  const std::vector<double> edges = {0, 1, 2, 3, 4};
  const std::vector<int64_t> counts = {4, 0, 7, 1};
  EXPECT_EQ(rebin(edges, counts, 4), (ReportHistogram{0, 4, counts}));
}

TEST(Histogram, WideBinsAreSpreadAndNarrowOnesGathered) {
  const std::vector<double> edges = {-4, 0, 0.25, 0.5, 1, 4};
  const std::vector<int64_t> counts = {8, 1, 2, 3, 30};
  const ReportHistogram result = rebin(edges, counts, 8);
  EXPECT_EQ(result.counts, (std::vector<int64_t>{2, 2, 2, 2, 6, 10, 10, 10}));
}

TEST(Histogram, EmptyEndsAreDropped) {
  const ReportHistogram result =
      rebin(std::vector<double>{-1e30, -1, 0, 1, 1e30}, std::vector<int64_t>{0, 2, 2, 0}, 2);
  EXPECT_EQ(result, (ReportHistogram{-1, 1, {2, 2}}));
}

TEST(Histogram, FloatPatternBinsKeepTheirTotal) {
  // Bins as exponents and two mantissa bits cut them, both signs.
  std::vector<double> edges;
  for (int e = 8; e >= -20; --e)
    for (int m = 3; m >= 0; --m) edges.push_back(-std::ldexp(1 + m / 4.0, e));
  const size_t half = edges.size();
  for (size_t i = half; i-- > 0;) edges.push_back(-edges[i]);
  std::vector<int64_t> counts;
  for (size_t i = 0; i + 1 < edges.size(); ++i) counts.push_back((i * 7919) % 1013);
  counts.front() = counts.back() = 3;
  const ReportHistogram result = rebin(edges, counts);
  EXPECT_EQ(result.counts.size(), 48u);
  EXPECT_EQ(total(result.counts), total(counts));
  for (int64_t count : result.counts) EXPECT_GE(count, 0);
}

TEST(Histogram, NothingToShow) {
  EXPECT_TRUE(rebin(std::vector<double>{0, 1}, std::vector<int64_t>{0}).counts.empty());
  EXPECT_TRUE(rebin(std::vector<double>{0, INFINITY}, std::vector<int64_t>{1}).counts.empty());
  const ReportHistogram point = rebin(std::vector<double>{2, 2}, std::vector<int64_t>{5}, 4);
  EXPECT_EQ(total(point.counts), 5);
}

}  // namespace
}  // namespace acuate
