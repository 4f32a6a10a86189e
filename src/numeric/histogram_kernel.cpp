#include "numeric/histogram_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace acuate {

namespace {

template <int kLanes>
struct Lanes {
  typedef int32_t Int __attribute__((vector_size(kLanes * 4)));
  typedef uint32_t Unsigned __attribute__((vector_size(kLanes * 4)));
  typedef float Float __attribute__((vector_size(kLanes * 4)));
  typedef double Double __attribute__((vector_size(kLanes * 8)));
};

template <int kLanes>
[[gnu::always_inline]] inline BlockScan scan_lanes(const float* values, size_t size) {
  using Int = typename Lanes<kLanes>::Int;
  using Unsigned = typename Lanes<kLanes>::Unsigned;
  using Float = typename Lanes<kLanes>::Float;
  Float min = Float{} + std::numeric_limits<float>::infinity();
  Float max = -min;
  Unsigned smallest = ~Unsigned{};
  Unsigned largest = {};
  Int positive_zeros = {};
  Int negative_zeros = {};
  for (size_t i = 0; i < size; i += kLanes) {
    Float x;
    std::memcpy(&x, values + i, sizeof x);
    const Int bits = reinterpret_cast<Int>(x);
    const Unsigned magnitude = reinterpret_cast<Unsigned>(bits) & 0x7fffffffu;
    const Unsigned less_one = magnitude - 1u;  // zero wraps to the largest number
    min = x < min ? x : min;
    max = x > max ? x : max;
    smallest = less_one < smallest ? less_one : smallest;
    largest = magnitude > largest ? magnitude : largest;
    positive_zeros -= bits == 0;
    negative_zeros -= bits == std::numeric_limits<int32_t>::min();
  }
  BlockScan scan{min[0], max[0], smallest[0], largest[0], 0, 0};
  for (int lane = 0; lane < kLanes; ++lane) {
    scan.min = std::min(scan.min, min[lane]);
    scan.max = std::max(scan.max, max[lane]);
    scan.min_magnitude_bits = std::min(scan.min_magnitude_bits, smallest[lane]);
    scan.max_magnitude_bits = std::max(scan.max_magnitude_bits, largest[lane]);
    scan.positive_zeros += static_cast<uint32_t>(positive_zeros[lane]);
    scan.negative_zeros += static_cast<uint32_t>(negative_zeros[lane]);
  }
  ++scan.min_magnitude_bits;
  return scan;
}

template <int kLanes>
[[gnu::always_inline]] inline BlockSums sum_lanes(const float* values, size_t size,
                                                  uint32_t lowest_bits, uint32_t end_bits,
                                                  double splitter) {
  using Int = typename Lanes<kLanes>::Int;
  using Float = typename Lanes<kLanes>::Float;
  using Double = typename Lanes<kLanes>::Double;
  const auto lowest = static_cast<int32_t>(lowest_bits);
  const auto end = static_cast<int32_t>(end_bits);
  Double sum = {};
  Double square_high = {};
  Double square_low = {};
  Int rest = {};
  for (size_t i = 0; i < size; i += kLanes) {
    Float x;
    std::memcpy(&x, values + i, sizeof x);
    const Int bits = reinterpret_cast<Int>(x);
    const Int magnitude = bits & 0x7fffffff;
    const Int below = magnitude < lowest;
    const Int inside = ~below & (magnitude < end);
    const Int left = magnitude & below;
    rest = left > rest ? left : rest;
    const Double wide = __builtin_convertvector(reinterpret_cast<Float>(bits & inside), Double);
    const Double square = wide * wide;  // exact: 48 bits
    const Double high =
        (square + splitter) - splitter;  // rounded to a multiple of the splitter's last bit
    sum += wide;
    square_high += high;
    square_low += square - high;
  }
  BlockSums sums{};
  for (int lane = 0; lane < kLanes; ++lane) {
    sums.sum += sum[lane];
    sums.square_high += square_high[lane];
    sums.square_low += square_low[lane];
    sums.rest_bits = std::max(sums.rest_bits, static_cast<uint32_t>(rest[lane]));
  }
  return sums;
}

BlockScan scan_portable(const float* values, size_t size) { return scan_lanes<4>(values, size); }
BlockSums sum_portable(const float* values, size_t size, uint32_t lowest_bits, uint32_t end_bits,
                       double splitter) {
  return sum_lanes<4>(values, size, lowest_bits, end_bits, splitter);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] BlockScan scan_avx2(const float* values, size_t size) {
  return scan_lanes<8>(values, size);
}
[[gnu::target("avx2")]] BlockSums sum_avx2(const float* values, size_t size, uint32_t lowest_bits,
                                           uint32_t end_bits, double splitter) {
  return sum_lanes<4>(values, size, lowest_bits, end_bits, splitter);
}
[[gnu::target("avx512f,avx512vl,avx512dq,avx512bw")]] BlockSums sum_avx512(
    const float* values, size_t size, uint32_t lowest_bits, uint32_t end_bits, double splitter) {
  return sum_lanes<8>(values, size, lowest_bits, end_bits, splitter);
}

#endif

std::vector<HistogramKernels> runnable_kernels() {
  std::vector<HistogramKernels> kernels = {{"portable", scan_portable, sum_portable}};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) kernels.push_back({"avx2", scan_avx2, sum_avx2});
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
    kernels.push_back({"avx512", scan_avx2, sum_avx512});
#endif
  return kernels;
}

}  // namespace

std::span<const HistogramKernels> histogram_kernels() {
  static const std::vector<HistogramKernels> kernels = runnable_kernels();
  return kernels;
}

void count_block(const float* values, size_t size, CountTables& tables) {
  for (size_t i = 0; i < size; i += 4) {
    uint64_t first;
    uint64_t second;
    std::memcpy(&first, values + i, 8);
    std::memcpy(&second, values + i + 2, 8);
    ++tables[0][(first >> 16) & 0xffff];
    ++tables[1][first >> 48];
    ++tables[2][(second >> 16) & 0xffff];
    ++tables[3][second >> 48];
  }
}

}  // namespace acuate
