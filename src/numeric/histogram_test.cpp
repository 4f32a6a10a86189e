#include "numeric/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "numeric/histogram_kernel.h"

namespace acuate {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kDenormal = std::numeric_limits<float>::denorm_min();
constexpr float kLargest = std::numeric_limits<float>::max();

std::vector<float> normal_data(size_t size, float deviation = 1, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> data(size);
  for (float& value : data) value = normal(random);
  return data;
}

std::vector<float> random_bits(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> data(size);
  for (float& value : data) value = std::bit_cast<float>(static_cast<uint32_t>(random()));
  return data;
}

std::map<std::string, std::vector<float>> data_sets() {
  std::map<std::string, std::vector<float>> sets;
  sets["normal"] = normal_data(50001);
  sets["relu"] = normal_data(30000, 2, 2);
  for (float& value : sets["relu"]) value = std::max(value, 0.0f);
  sets["negative_relu"] = sets["relu"];
  for (float& value : sets["negative_relu"]) value = -value;  // with negative zeros
  sets["any_bits"] = random_bits(60000, 3);  // NaN, infinity, denormals, all exponents
  sets["denormal"] = random_bits(20000, 4);
  for (float& value : sets["denormal"])
    value = std::bit_cast<float>(std::bit_cast<uint32_t>(value) & 0x807fffff);
  sets["huge"] = random_bits(20000, 5);
  for (float& value : sets["huge"])
    value = std::bit_cast<float>((std::bit_cast<uint32_t>(value) & 0x80ffffff) | 0x7e000000);
  sets["few"] = {1, -1, 0, -0.0f, kNan, kInfinity, -kInfinity, kDenormal, -kDenormal, kLargest};
  sets["only_nan"] = std::vector<float>(10000, kNan);
  sets["zeros"] = std::vector<float>(10000, 0.0f);
  sets["constant"] = std::vector<float>(9999, -0.3f);
  sets["empty"] = {};
  return sets;
}

// What the histogram promises, the slow way: exact integers in units of 2^-149, split to stay
// within 128 bits.
struct Reference {
  std::map<uint32_t, uint64_t> bins;  // upper 16 bits of nonzero finite values
  uint64_t positive_zeros = 0, negative_zeros = 0, nans = 0, positive_infinities = 0,
           negative_infinities = 0, finite = 0;
  float min = kInfinity, max = -kInfinity;
  std::map<int, __int128> mantissas;         // per exponent: Σ signed mantissa
  std::map<int, unsigned __int128> squares;  // per exponent: Σ mantissa²

  explicit Reference(std::span<const float> data) {
    for (const float value : data) {
      const auto bits = std::bit_cast<uint32_t>(value);
      if (std::isnan(value)) {
        ++nans;
      } else if (std::isinf(value)) {
        ++(value > 0 ? positive_infinities : negative_infinities);
      } else {
        ++finite;
        min = std::min(min, value);
        max = std::max(max, value);
        if (value == 0) {
          ++(std::signbit(value) ? negative_zeros : positive_zeros);
          continue;
        }
        ++bins[bits >> 16];
        int exponent = 0;
        const auto mantissa = static_cast<int64_t>(std::ldexp(std::frexp(value, &exponent), 24));
        mantissas[exponent] += mantissa;
        squares[exponent] +=
            static_cast<unsigned __int128>(static_cast<__int128>(mantissa) * mantissa);
      }
    }
  }
  // Long double has 64 bits of mantissa, 11 more than the value that it is compared with.
  long double sum() const {
    long double total = 0;
    for (const auto& [exponent, part] : mantissas)
      total += std::ldexp(static_cast<long double>(part), exponent - 24);
    return total;
  }
  long double sum_of_squares() const {
    long double total = 0;
    for (const auto& [exponent, part] : squares)
      total += std::ldexp(static_cast<long double>(part), 2 * exponent - 48);
    return total;
  }
  long double sum_of_magnitudes() const {
    long double total = 0;
    for (const auto& [exponent, part] : mantissas)
      total += std::fabs(std::ldexp(static_cast<long double>(part), exponent - 24));
    return total;
  }
};

Histogram histogram_of(std::span<const float> data) {
  Histogram histogram;
  histogram.add(data);
  return histogram;
}

TEST(Histogram, EqualsANaiveCount) {
  for (const auto& [name, data] : data_sets()) {
    SCOPED_TRACE(name);
    const Histogram histogram = histogram_of(data);
    const Reference reference(data);
    EXPECT_EQ(histogram.total(), data.size());
    EXPECT_EQ(histogram.finite_count(), reference.finite);
    EXPECT_EQ(histogram.positive_zero_count(), reference.positive_zeros);
    EXPECT_EQ(histogram.negative_zero_count(), reference.negative_zeros);
    EXPECT_EQ(histogram.nan_count(), reference.nans);
    EXPECT_EQ(histogram.positive_infinity_count(), reference.positive_infinities);
    EXPECT_EQ(histogram.negative_infinity_count(), reference.negative_infinities);
    ASSERT_EQ(histogram.range().has_value(), reference.finite > 0);
    if (reference.finite == 0) continue;
    EXPECT_EQ(histogram.range()->min, reference.min);
    EXPECT_EQ(histogram.range()->max, reference.max);
    EXPECT_FALSE(std::signbit(histogram.range()->min) && histogram.range()->min == 0);

    const long double tolerance =
        0x1p-52L * std::fabs(reference.sum()) + 0x1p-60L * reference.sum_of_magnitudes();
    EXPECT_LE(std::fabs(histogram.sum() - reference.sum()), tolerance);
    EXPECT_LE(std::fabs(histogram.sum_of_squares() - reference.sum_of_squares()),
              0x1p-52L * reference.sum_of_squares());

    // Each bin holds what falls inside its edges, and nothing is missing.
    std::map<std::pair<bool, double>, uint64_t> counts;  // by sign and the edge nearer to zero
    for (const auto& [bits, count] : reference.bins)
      counts[{bits >> 15 != 0, std::clamp<double>(std::bit_cast<float>(bits << 16), reference.min,
                                                  reference.max)}] += count;
    uint64_t covered = 0;
    double previous = -INFINITY;
    for (const HistogramBin& bin : histogram.bins()) {
      EXPECT_LE(bin.low, bin.high);
      EXPECT_GE(bin.low, previous);
      previous = bin.high;
      covered += bin.count;
      if (bin.low == 0 && bin.high == 0)
        EXPECT_EQ(bin.count, reference.positive_zeros + reference.negative_zeros);
      else
        EXPECT_EQ(bin.count, (counts[{bin.low < 0, bin.low < 0 ? bin.high : bin.low}])) << bin.low;
    }
    EXPECT_EQ(covered, reference.finite);
    uint64_t magnitudes = 0;
    for (const HistogramBin& bin : histogram.magnitude_bins()) magnitudes += bin.count;
    EXPECT_EQ(magnitudes, reference.finite);
  }
}

TEST(Histogram, SumsAreExact) {
  Histogram histogram;
  std::vector<float> data(5000, 1);
  data[17] = kLargest;
  data[18] = kDenormal;
  histogram.add(data);
  data[17] = -kLargest;
  data[18] = -1;
  histogram.add(data);
  histogram.add(std::vector<float>(1, -9996));
  EXPECT_EQ(histogram.sum(), kDenormal - 1.0 + 0.0);  // 9,997 ones, −1 once, −9,996, ±largest
}

TEST(Histogram, OrderAndSplitsDoNotMatter) {
  std::vector<float> all;
  for (const auto& [name, data] : data_sets()) all.insert(all.end(), data.begin(), data.end());
  const Histogram whole = histogram_of(all);
  std::mt19937 random(9);
  for (int trial = 0; trial < 4; ++trial) {
    std::shuffle(all.begin(), all.end(), random);
    EXPECT_EQ(histogram_of(all), whole);
    Histogram pieces;
    std::vector<Histogram> parts(3);
    for (size_t start = 0; start < all.size();) {
      const size_t size =
          std::min<size_t>(all.size() - start, random() % (trial == 0 ? 300 : 40000));
      const std::span<const float> piece = std::span(all).subspan(start, size);
      pieces.add(piece);
      parts[random() % 3].add(piece);
      start += size;
    }
    EXPECT_EQ(pieces, whole);
    Histogram merged = parts[2];
    merged.merge(parts[0]);
    merged.merge(parts[1]);
    EXPECT_EQ(merged, whole);
    EXPECT_EQ(std::bit_cast<uint64_t>(merged.sum()), std::bit_cast<uint64_t>(whole.sum()));
  }
  Histogram twice = whole;
  twice.merge(twice);
  EXPECT_EQ(twice.total(), 2 * whole.total());
  EXPECT_FALSE(twice == whole);
}

TEST(Histogram, EveryKernelGivesTheSameBits) {
  for (const auto& [name, data] : data_sets()) {
    SCOPED_TRACE(name);
    const size_t size = std::min(data.size(), kHistogramBlock) / kHistogramLanes * kHistogramLanes;
    const auto kernels = histogram_kernels();
    ASSERT_EQ(kernels.front().name, "portable");
    const BlockScan scan = kernels.front().scan(data.data(), size);
    for (const HistogramKernels& kernel : kernels) {
      SCOPED_TRACE(kernel.name);
      const BlockScan other = kernel.scan(data.data(), size);
      EXPECT_EQ(other.highest, scan.highest);
      EXPECT_EQ(other.lowest, scan.lowest);
      EXPECT_EQ(other.greatest, scan.greatest);
      EXPECT_EQ(other.min_magnitude_bits, scan.min_magnitude_bits);
    }
    // Every window, and values above and below it that must not count.
    for (const int exponent : {1, 5, 21, 22, 60, 127, 140, 254}) {
      SCOPED_TRACE(exponent);
      const SumWindow window = sum_window(static_cast<uint32_t>(exponent) << 23);
      std::vector<float> inside;
      double magnitudes = 0;
      uint32_t rest_bits = 0;
      for (const float value : std::span(data).first(size)) {
        const uint32_t bits = std::bit_cast<uint32_t>(value) & 0x7fffffff;
        inside.push_back(bits >= window.lowest_bits && bits < window.end_bits ? value : 0.0f);
        magnitudes += std::fabs(inside.back());
        if (bits < window.lowest_bits) rest_bits = std::max(rest_bits, bits);
      }
      const Reference reference(inside);
      for (const HistogramKernels& kernel : kernels) {
        SCOPED_TRACE(kernel.name);
        const BlockSums sums = kernel.sum_inside(data.data(), size, window);
        const BlockSums all = kernel.sum(inside.data(), size, window);
        EXPECT_EQ(sums.rest_bits, rest_bits);
        EXPECT_EQ(sums.sum, all.sum);
        EXPECT_EQ(sums.square_high, all.square_high);
        EXPECT_EQ(sums.square_low, all.square_low);
        WideSum sum, squares;
        sum.add(sums.sum, window.sum_unit);
        squares.add(sums.square_high, window.high_unit);
        squares.add(sums.square_low, window.low_unit);
        EXPECT_LE(std::fabs(sum.value() - reference.sum()), 0x1p-52 * magnitudes);
        EXPECT_LE(std::fabs(squares.value() - reference.sum_of_squares()),
                  0x1p-52L * reference.sum_of_squares());
      }
    }
  }
}

// The worst that a lane can meet: as many of the largest values of a window as fit, and the
// smallest step in each.
TEST(Histogram, SumsAtTheEdgeOfAWindowAreExact) {
  for (const int exponent : {1, 21, 22, 127, 254}) {
    SCOPED_TRACE(exponent);
    const SumWindow window = sum_window(static_cast<uint32_t>(exponent) << 23);
    std::vector<float> data(kHistogramBlock, std::bit_cast<float>(window.end_bits - 1));
    data[3] = std::bit_cast<float>(window.lowest_bits | 1);
    WideSum sum, squares;
    for (const double value : data) {
      sum.add(value);
      squares.add(value * value);
    }
    for (const HistogramKernels& kernel : histogram_kernels()) {
      SCOPED_TRACE(kernel.name);
      const BlockSums sums = kernel.sum(data.data(), data.size(), window);
      WideSum found, found_squares;
      found.add(sums.sum, window.sum_unit);
      found_squares.add(sums.square_high, window.high_unit);
      found_squares.add(sums.square_low, window.low_unit);
      EXPECT_EQ(found, sum);
      EXPECT_EQ(found_squares, squares);
    }
  }
}

TEST(Histogram, KeepsTheRangeOfEachSample) {
  Histogram first;
  first.add(std::vector<float>{3, -1});
  first.add(std::vector<float>{5});
  first.end_sample(7);
  first.add(std::vector<float>{kNan});
  first.end_sample(2);
  Histogram second;
  second.add(std::vector<float>{-0.0f});
  second.end_sample(4);
  second.add(std::vector<float>{9, kInfinity});
  second.end_sample(7);
  Histogram merged = first;
  merged.merge(second);
  const std::vector<SampleRange> expected = {
      {2, std::nullopt}, {4, FloatRange{0, 0}}, {7, FloatRange{-1, 9}}};
  EXPECT_EQ(merged.sample_ranges(), expected);
  second.merge(first);
  EXPECT_EQ(second, merged);
}

TEST(Histogram, QuantilesFollowTheSortedData) {
  auto data = normal_data(100000, 3, 6);
  const Histogram histogram = histogram_of(data);
  std::vector<float> magnitudes = data;
  for (float& value : magnitudes) value = std::fabs(value);
  std::sort(data.begin(), data.end());
  std::sort(magnitudes.begin(), magnitudes.end());
  const auto rank = [](const std::vector<float>& sorted, double x) {
    return static_cast<double>(std::lower_bound(sorted.begin(), sorted.end(), x) - sorted.begin()) /
           100000;
  };
  for (const double p : {0.0001, 0.01, 0.3, 0.5, 0.9, 0.999, 0.9999}) {
    EXPECT_NEAR(rank(data, histogram.quantile(p)), p, 3e-4);
    EXPECT_NEAR(rank(magnitudes, histogram.magnitude_quantile(p)), p, 3e-4);
  }
  EXPECT_EQ(histogram.quantile(0), data.front());
  EXPECT_EQ(histogram.quantile(1), data.back());
  EXPECT_EQ(histogram.magnitude_quantile(1), magnitudes.back());
  EXPECT_EQ(Histogram().quantile(0.5), 0);
  EXPECT_EQ(histogram_of(std::vector<float>(7, -0.3f)).quantile(0.5), -0.3f);
  EXPECT_EQ(histogram_of(std::vector<float>(7, -0.3f)).magnitude_quantile(0.5), 0.3f);
}

TEST(Histogram, FractionsFollowTheData) {
  auto data = normal_data(100000, 1, 8);
  for (size_t i = 0; i < 25000; ++i) data[i] = i % 2 == 0 ? 0.0f : -0.0f;
  const Histogram histogram = histogram_of(data);
  EXPECT_DOUBLE_EQ(histogram.zero_fraction(), 0.25);
  const auto outside = static_cast<double>(
      std::count_if(data.begin(), data.end(), [](float x) { return x < -1.2f || x > 2.1f; }));
  EXPECT_NEAR(histogram.clipped_fraction(-1.2, 2.1), outside / 100000, 3e-4);
  EXPECT_EQ(histogram.clipped_fraction(histogram.range()->min, histogram.range()->max), 0);
  EXPECT_EQ(histogram.clipped_fraction(100, 200), 1);
  EXPECT_EQ(Histogram().clipped_fraction(0, 1), 0);
}

TEST(Histogram, MemoryIsAsStated) {
  EXPECT_LE(histogram_of(normal_data(100000)).memory_bytes(), 128u * 1024);
  Histogram all;
  for (unsigned seed = 0; seed < 50; ++seed) all.add(random_bits(10000, seed));
  EXPECT_LE(all.memory_bytes(), 1100u * 1024);
}

}  // namespace
}  // namespace acuate
