#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// The vector loops of Histogram::add, one block at a time. Private to this room. The best of
// AVX-512, AVX2 and portable code is chosen at run time; all give the same results bit for bit.
// They expect the floating-point environment that programs start with: round to nearest, denormals
// kept.
namespace acuate {

// At most this many values per call: 2^13, which the exactness of sum_block rests on.
constexpr size_t kHistogramBlock = 8192;
// Sizes are multiples of this.
constexpr size_t kHistogramLanes = 8;

struct BlockScan {
  float min;  // over all values that are not NaN
  float max;
  uint32_t min_magnitude_bits;  // bits of the smallest |x| other than zero; 0 where all are zero
  uint32_t max_magnitude_bits;  // bits of the largest |x|, NaN and infinity included
  uint32_t positive_zeros;
  uint32_t negative_zeros;
};
// Exact sums over the values whose magnitude bits lie in [lowest_bits, end_bits), a window of at
// most 16 exponents: each of the three is an integer multiple, at most 2^53, of a unit, so no
// addition rounds (x spans 24 + 15 + 13 = 52 bits; x² is split at `splitter` into two parts that
// fit likewise).
struct BlockSums {
  double sum;
  double square_high;
  double square_low;
  uint32_t rest_bits;  // the largest magnitude bits below lowest_bits
};

struct HistogramKernels {
  std::string_view name;  // `avx512`
  BlockScan (*scan)(const float* values, size_t size);
  BlockSums (*sum)(const float* values, size_t size, uint32_t lowest_bits, uint32_t end_bits,
                   double splitter);
};
// Those that this machine can run, slowest first; `portable` is always there.
std::span<const HistogramKernels> histogram_kernels();

// Adds one to tables[lane][upper 16 bits] of each value; four tables so that equal neighbours do
// not wait for each other.
using CountTables = uint32_t[4][65536];
void count_block(const float* values, size_t size, CountTables& tables);

}  // namespace acuate
