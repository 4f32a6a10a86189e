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

// At most this many values per call: 2^13, which the exactness of the sums rests on.
constexpr size_t kHistogramBlock = 8192;
// Sizes are multiples of this.
constexpr size_t kHistogramLanes = 16;

// Of the values' bits, which order floats of one sign; infinities and NaN count as any others.
struct BlockScan {
  uint32_t highest;  // as unsigned numbers: the lowest negative value where there is one
  uint32_t lowest;   // as unsigned numbers
  int32_t greatest;  // as signed numbers: the highest value with a plus where there is one
  uint32_t min_magnitude_bits;  // of the smallest |x| other than zero; 0 where all are zero

  uint32_t max_magnitude_bits() const;  // of the largest |x|
  // The extremes, where none is a NaN.
  float min() const;
  float max() const;
};

// Magnitudes whose bits lie in [lowest_bits, end_bits), at most 21 exponents, can be summed in
// double lanes without a rounding: a lane takes 2^9 values, x spans 24 + 20 + 9 = 53 bits in units
// of 2^sum_unit; x² is split at `splitter` into two parts of at most 53 bits in units of their own.
struct SumWindow {
  uint32_t lowest_bits = 1;
  uint32_t end_bits = 0;
  int sum_unit = 0;
  int high_unit = 0;
  int low_unit = 0;
  double splitter = 0;
};
// The window that ends above `largest_bits`, which are finite and not zero.
SumWindow sum_window(uint32_t largest_bits);

struct BlockSums {
  // Exact, in the window's units; Σx² = square_high + square_low.
  int64_t sum;
  int64_t square_high;
  int64_t square_low;
  uint32_t rest_bits;  // the largest magnitude bits below the window
};

struct HistogramKernels {
  std::string_view name;  // `avx512`
  BlockScan (*scan)(const float* values, size_t size);
  // Of zeros and values inside the window; there must be no others.
  BlockSums (*sum)(const float* values, size_t size, const SumWindow& window);
  // Of those inside.
  BlockSums (*sum_inside)(const float* values, size_t size, const SumWindow& window);
  // Moves all but +0 to `rest`, which may be `values`, and returns how many; writes up to
  // kHistogramLanes more. Null where this costs more than it saves.
  size_t (*without_zeros)(const float* values, size_t size, float* rest);
};
// Those that this machine can run, slowest first; `portable` is always there.
std::span<const HistogramKernels> histogram_kernels();

// Adds one to tables[lane][upper 16 bits] of each value; four tables so that equal neighbours do
// not wait for each other. The memory of `next` is asked for meanwhile: counting leaves it idle.
using CountTables = uint32_t[4][65536];
void count_block(const float* values, size_t size, std::span<const float> next,
                 CountTables& tables);

}  // namespace acuate
