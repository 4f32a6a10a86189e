#include "numeric/histogram_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace acuate {

namespace {

constexpr uint32_t kSignBit = 0x80000000;
constexpr int kWindowExponents = 21;

template <int kLanes>
struct Lanes {
  typedef int32_t Int __attribute__((vector_size(kLanes * 4)));
  typedef uint32_t Unsigned __attribute__((vector_size(kLanes * 4)));
  typedef float Float __attribute__((vector_size(kLanes * 4)));
  typedef double Double __attribute__((vector_size(kLanes * 8)));
};

// By way of memory: a vector that is read lane by lane would not stay in a register.
template <class Lane, class Vector>
[[gnu::always_inline]] inline std::array<Lane, sizeof(Vector) / sizeof(Lane)> lanes_of(
    const Vector& vector) {
  std::array<Lane, sizeof(Vector) / sizeof(Lane)> lanes;
  std::memcpy(&lanes, &vector, sizeof vector);
  return lanes;
}

template <int kLanes>
[[gnu::always_inline]] inline BlockScan scan_lanes(const float* values, size_t size) {
  using Int = typename Lanes<kLanes>::Int;
  using Unsigned = typename Lanes<kLanes>::Unsigned;
  Unsigned highest = {};
  Unsigned lowest = ~Unsigned{};
  Int greatest = Int{} + std::numeric_limits<int32_t>::min();
  Unsigned smallest = ~Unsigned{};
  for (size_t i = 0; i < size; i += kLanes) {
    Unsigned bits;
    std::memcpy(&bits, values + i, sizeof bits);
    const Int with_sign = reinterpret_cast<Int>(bits);
    const Unsigned less_one = (bits & ~kSignBit) - 1u;  // zero wraps to the largest number
    highest = bits > highest ? bits : highest;
    lowest = bits < lowest ? bits : lowest;
    greatest = with_sign > greatest ? with_sign : greatest;
    smallest = less_one < smallest ? less_one : smallest;
  }
  return {std::ranges::max(lanes_of<uint32_t>(highest)),
          std::ranges::min(lanes_of<uint32_t>(lowest)),
          std::ranges::max(lanes_of<int32_t>(greatest)),
          std::ranges::min(lanes_of<uint32_t>(smallest)) + 1};
}

// Every partial sum is a whole number of units, at most 2^53.
template <class Vector, size_t kSets>
[[gnu::always_inline]] inline int64_t total(const Vector (&partial)[kSets], int unit) {
  const double factor = std::ldexp(1.0, -unit);
  int64_t count = 0;
  for (const Vector& vector : partial)
    for (const double lane : lanes_of<double>(vector)) count += static_cast<int64_t>(lane * factor);
  return count;
}

// kHistogramLanes partial sums each, so that none takes more than 2^9 of a block's values.
template <int kLanes, bool kMasked>
[[gnu::always_inline]] inline BlockSums sum_lanes(const float* values, size_t size,
                                                  const SumWindow& window) {
  using Int = typename Lanes<kLanes>::Int;
  using Float = typename Lanes<kLanes>::Float;
  using Double = typename Lanes<kLanes>::Double;
  constexpr int kSets = static_cast<int>(kHistogramLanes) / kLanes;
  const auto lowest = static_cast<int32_t>(window.lowest_bits);
  const auto end = static_cast<int32_t>(window.end_bits);
  const double splitter = window.splitter;
  Double sum[kSets] = {};
  Double square_high[kSets] = {};
  Double square_low[kSets] = {};
  Int rest = {};
  for (size_t i = 0; i < size; i += kHistogramLanes) {
#pragma GCC unroll 4
    for (int set = 0; set < kSets; ++set) {
      Float x;
      std::memcpy(&x, values + i + static_cast<size_t>(set) * kLanes, sizeof x);
      if constexpr (kMasked) {
        const Int bits = reinterpret_cast<Int>(x);
        const Int magnitude = bits & 0x7fffffff;
        const Int below = magnitude < lowest;
        const Int inside = ~below & (magnitude < end);
        const Int left = magnitude & below;
        rest = left > rest ? left : rest;
        x = reinterpret_cast<Float>(bits & inside);
      }
      const Double wide = __builtin_convertvector(x, Double);
      const Double square = wide * wide;  // exact: 48 bits
      // Rounded to a multiple of the splitter's last bit.
      const Double high = (square + splitter) - splitter;
      sum[set] += wide;
      square_high[set] += high;
      square_low[set] += square - high;
    }
  }
  return {total(sum, window.sum_unit), total(square_high, window.high_unit),
          total(square_low, window.low_unit),
          static_cast<uint32_t>(std::ranges::max(lanes_of<int32_t>(rest)))};
}

BlockScan scan_portable(const float* values, size_t size) { return scan_lanes<4>(values, size); }
BlockSums sum_portable(const float* values, size_t size, const SumWindow& window) {
  return sum_lanes<4, false>(values, size, window);
}
BlockSums sum_inside_portable(const float* values, size_t size, const SumWindow& window) {
  return sum_lanes<4, true>(values, size, window);
}

#if defined(__x86_64__)
#define ACUATE_AVX2 [[gnu::target("avx2,fma")]]
#define ACUATE_AVX512 [[gnu::target("avx512f,avx512vl,avx512dq,avx512bw")]]

ACUATE_AVX2 BlockScan scan_avx2(const float* values, size_t size) {
  return scan_lanes<8>(values, size);
}
ACUATE_AVX2 BlockSums sum_avx2(const float* values, size_t size, const SumWindow& window) {
  return sum_lanes<4, false>(values, size, window);
}
ACUATE_AVX2 BlockSums sum_inside_avx2(const float* values, size_t size, const SumWindow& window) {
  return sum_lanes<4, true>(values, size, window);
}

ACUATE_AVX512 BlockScan scan_avx512(const float* values, size_t size) {
  return scan_lanes<16>(values, size);
}
// As sum_lanes<8, false>, whose conversion of eight floats GCC takes apart. (The mask, of all,
// keeps GCC 12 from warning of its own header.)
ACUATE_AVX512 BlockSums sum_avx512(const float* values, size_t size, const SumWindow& window) {
  const __m512d splitter = _mm512_set1_pd(window.splitter);
  __m512d sum[2] = {};
  __m512d square_high[2] = {};
  __m512d square_low[2] = {};
  for (size_t i = 0; i < size; i += kHistogramLanes) {
#pragma GCC unroll 2
    for (size_t set = 0; set < 2; ++set) {
      const __m512d wide = _mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(values + i + 8 * set));
      const __m512d high = _mm512_sub_pd(_mm512_fmadd_pd(wide, wide, splitter), splitter);
      sum[set] += wide;
      square_high[set] += high;
      square_low[set] += _mm512_fmsub_pd(wide, wide, high);
    }
  }
  return {total(sum, window.sum_unit), total(square_high, window.high_unit),
          total(square_low, window.low_unit), 0};
}
ACUATE_AVX512 BlockSums sum_inside_avx512(const float* values, size_t size,
                                          const SumWindow& window) {
  return sum_lanes<8, true>(values, size, window);
}
ACUATE_AVX512 size_t without_zeros_avx512(const float* values, size_t size, float* rest) {
  size_t count = 0;
  for (size_t i = 0; i < size; i += 16) {
    const __m512i bits = _mm512_loadu_si512(values + i);
    const __mmask16 kept = _mm512_test_epi32_mask(bits, bits);
    _mm512_storeu_si512(rest + count, _mm512_maskz_compress_epi32(kept, bits));
    count += static_cast<size_t>(std::popcount(static_cast<uint16_t>(kept)));
  }
  return count;
}
#endif

std::vector<HistogramKernels> runnable_kernels() {
  std::vector<HistogramKernels> kernels = {
      {"portable", scan_portable, sum_portable, sum_inside_portable, nullptr}};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    kernels.push_back({"avx2", scan_avx2, sum_avx2, sum_inside_avx2, nullptr});
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
    kernels.push_back({"avx512", scan_avx512, sum_avx512, sum_inside_avx512, without_zeros_avx512});
#endif
  return kernels;
}

}  // namespace

uint32_t BlockScan::max_magnitude_bits() const {
  return std::max(highest & ~kSignBit, static_cast<uint32_t>(std::max(greatest, 0)));
}

float BlockScan::min() const {
  return std::bit_cast<float>(highest >= kSignBit ? highest : lowest);
}

float BlockScan::max() const {
  return greatest >= 0 ? std::bit_cast<float>(greatest) : std::bit_cast<float>(lowest);
}

SumWindow sum_window(uint32_t largest_bits) {
  const int highest = std::max(1, static_cast<int>(largest_bits >> 23));
  const int lowest = std::max(1, highest - kWindowExponents + 1);
  SumWindow window;
  window.lowest_bits = lowest == 1 ? 1 : static_cast<uint32_t>(lowest) << 23;
  window.end_bits = static_cast<uint32_t>(highest + 1) << 23;
  window.sum_unit = lowest - 127 - 23;
  window.low_unit = 2 * window.sum_unit;
  // A lane's Σx² lies below 2^(2·(highest − 127) + 2 + 9), 53 bits above this unit.
  window.high_unit = 2 * (highest - 127) - 42;
  window.splitter = std::ldexp(1.5, 52 + window.high_unit);
  return window;
}

std::span<const HistogramKernels> histogram_kernels() {
  static const std::vector<HistogramKernels> kernels = runnable_kernels();
  return kernels;
}

void count_block(const float* values, size_t size, std::span<const float> next,
                 CountTables& tables) {
  constexpr size_t kLine = 16;
  const size_t ahead = std::min(size, next.size());
  for (size_t start = 0; start < size; start += kLine) {
    if (start < ahead) __builtin_prefetch(next.data() + start);
    for (size_t i = start; i < start + kLine; i += 4) {
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
}

}  // namespace acuate
