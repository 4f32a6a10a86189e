#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "numeric/histogram.h"

namespace acuate {
namespace {

Histogram example() {
  std::mt19937 random(4);
  std::normal_distribution<float> normal(0.3f, 2);
  std::vector<float> data(20000);
  for (float& value : data) value = std::max(normal(random), -1.0f);
  data[5] = std::numeric_limits<float>::infinity();
  data[6] = 0;
  Histogram histogram;
  histogram.add(std::span(data).first(7000));
  histogram.end_sample(0);
  histogram.add(std::span(data).subspan(7000));
  histogram.end_sample(3);
  histogram.end_sample(9);
  return histogram;
}

std::string error_of(std::string_view bytes) {
  const auto loaded = Histogram::load(bytes, "a.hist");
  return loaded ? "loaded" : loaded.error().message;
}

TEST(HistogramFile, RoundTrip) {
  const Histogram histogram = example();
  const std::string bytes = histogram.save();
  const auto loaded = Histogram::load(bytes, "a.hist");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(*loaded, histogram);
  EXPECT_EQ(loaded->save(), bytes);
  EXPECT_LT(bytes.size(), 12000u);
  EXPECT_EQ(*Histogram::load(Histogram().save(), "a.hist"), Histogram());
  Histogram doubled = *loaded;
  doubled.merge(histogram);
  EXPECT_EQ(doubled.total(), 40000u);
}

TEST(HistogramFile, WrongFilesSayWhy) {
  const std::string bytes = example().save();
  EXPECT_EQ(error_of("PNG"), "a.hist: not a histogram file: it does not begin with 'ACHG'");
  EXPECT_EQ(error_of(""), "a.hist: not a histogram file: it does not begin with 'ACHG'");
  EXPECT_EQ(error_of(bytes + "x"), "a.hist: 1 bytes follow the histogram");
  std::string newer = bytes;
  newer[4] = 2;
  EXPECT_EQ(error_of(newer), "a.hist: histogram version 2; this program reads version 1");
  std::string miscounted = bytes;
  ++miscounted[8];
  EXPECT_EQ(error_of(miscounted), "a.hist: the histogram contradicts itself; make it again");
}

TEST(HistogramFile, EveryCutIsAnError) {
  const std::string bytes = example().save();
  for (size_t size = 0; size < bytes.size(); ++size)
    ASSERT_NE(error_of(bytes.substr(0, size)), "loaded") << size;
}

TEST(HistogramFile, RandomDamageNeverBreaksTheReader) {
  const std::string bytes = example().save();
  std::mt19937 random(1);
  for (int trial = 0; trial < 20000; ++trial) {
    std::string damaged = bytes;
    for (int i = 0; i < 3; ++i)
      damaged[random() % std::min<size_t>(damaged.size(), 500)] = static_cast<char>(random());
    const auto loaded = Histogram::load(damaged, "a.hist");
    if (!loaded) continue;
    for (const HistogramBin& bin : loaded->bins()) ASSERT_LE(bin.low, bin.high);
    EXPECT_EQ(loaded->save(), damaged);
  }
}

TEST(HistogramFile, AnOpenSampleIsOurBug) {
  Histogram histogram;
  histogram.add(std::vector<float>{1});
  EXPECT_THROW((void)histogram.save(), InternalError);
}

}  // namespace
}  // namespace acuate
