#include "simulate/vector_kernel.h"

#include <algorithm>
#include <vector>

namespace acuate {
namespace {

// Rows × Columns sums at once; the compiler finds the multiply-and-add of pairs in it.
template <size_t kRows, size_t kColumns>
[[gnu::always_inline]] inline void block(const int16_t* __restrict a, const int16_t* __restrict b,
                                         size_t depth, int32_t* __restrict out, size_t stride) {
  depth &= ~(kDepthLanes - 1);
  int32_t sums[kRows][kColumns] = {};
  for (size_t k = 0; k < depth; ++k) {
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 4
      for (size_t j = 0; j < kColumns; ++j) sums[i][j] += a[i * depth + k] * b[j * depth + k];
  }
  for (size_t i = 0; i < kRows; ++i)
    for (size_t j = 0; j < kColumns; ++j) out[i * stride + j] = sums[i][j];
}

[[gnu::always_inline]] inline void products(const int16_t* a, size_t rows_a, const int16_t* b,
                                            size_t rows_b, size_t depth, int32_t* out,
                                            size_t stride) {
  size_t i = 0;
  for (; i + 4 <= rows_a; i += 4) {
    size_t j = 0;
    for (; j + 4 <= rows_b; j += 4)
      block<4, 4>(a + i * depth, b + j * depth, depth, out + i * stride + j, stride);
    for (; j < rows_b; ++j)
      block<4, 1>(a + i * depth, b + j * depth, depth, out + i * stride + j, stride);
  }
  for (; i < rows_a; ++i) {
    size_t j = 0;
    for (; j + 4 <= rows_b; j += 4)
      block<1, 4>(a + i * depth, b + j * depth, depth, out + i * stride + j, stride);
    for (; j < rows_b; ++j)
      block<1, 1>(a + i * depth, b + j * depth, depth, out + i * stride + j, stride);
  }
}

[[gnu::always_inline]] inline void accumulate(int32_t* __restrict sums, const int16_t* __restrict x,
                                              int32_t factor, size_t count) {
  for (size_t i = 0; i < count; ++i) sums[i] += x[i] * factor;
}

[[gnu::always_inline]] inline void rescale(int32_t* sums, size_t count, const Rescale& how) {
  const int shift = how.factor.shift;
  // |sum · mantissa| < 2^62: beyond 62 bits nothing is left, below 1 nothing is rounded.
  if (shift < 1 || shift > 61) {
    for (size_t i = 0; i < count; ++i) sums[i] = how(sums[i]);
    return;
  }
  const int64_t mantissa = how.factor.mantissa, zero_point = how.zero_point, lowest = how.lowest,
                highest = how.highest, below_half = (int64_t{1} << (shift - 1)) - 1;
  for (size_t i = 0; i < count; ++i) {
    const int64_t product = sums[i] * mantissa;
    int64_t q = ((product + below_half + ((product >> shift) & 1)) >> shift) + zero_point;
    q = q < lowest ? lowest : q;
    q = q > highest ? highest : q;
    sums[i] = static_cast<int32_t>(q);
  }
}

void products_portable(const int16_t* a, size_t rows_a, const int16_t* b, size_t rows_b,
                       size_t depth, int32_t* out, size_t stride) {
  products(a, rows_a, b, rows_b, depth, out, stride);
}
void accumulate_portable(int32_t* sums, const int16_t* x, int32_t factor, size_t count) {
  accumulate(sums, x, factor, count);
}
void rescale_portable(int32_t* sums, size_t count, const Rescale& how) {
  rescale(sums, count, how);
}

#if defined(__x86_64__)

[[gnu::target("avx2")]] void products_avx2(const int16_t* a, size_t rows_a, const int16_t* b,
                                           size_t rows_b, size_t depth, int32_t* out,
                                           size_t stride) {
  products(a, rows_a, b, rows_b, depth, out, stride);
}
[[gnu::target("avx2")]] void accumulate_avx2(int32_t* sums, const int16_t* x, int32_t factor,
                                             size_t count) {
  accumulate(sums, x, factor, count);
}
[[gnu::target("avx2")]] void rescale_avx2(int32_t* sums, size_t count, const Rescale& how) {
  rescale(sums, count, how);
}

[[gnu::target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,prefer-vector-width=512")]] void
products_avx512(const int16_t* a, size_t rows_a, const int16_t* b, size_t rows_b, size_t depth,
                int32_t* out, size_t stride) {
  products(a, rows_a, b, rows_b, depth, out, stride);
}
[[gnu::target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,prefer-vector-width=512")]] void
accumulate_avx512(int32_t* sums, const int16_t* x, int32_t factor, size_t count) {
  accumulate(sums, x, factor, count);
}
[[gnu::target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,prefer-vector-width=512")]] void
rescale_avx512(int32_t* sums, size_t count, const Rescale& how) {
  rescale(sums, count, how);
}

#endif

std::vector<VectorKernels> runnable_kernels() {
  std::vector<VectorKernels> kernels{
      {"portable", products_portable, accumulate_portable, rescale_portable}};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2"))
    kernels.push_back({"avx2", products_avx2, accumulate_avx2, rescale_avx2});
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vnni"))
    kernels.push_back({"avx512_vnni", products_avx512, accumulate_avx512, rescale_avx512});
#endif
  return kernels;
}

}  // namespace

std::span<const VectorKernels> vector_kernels() {
  static const std::vector<VectorKernels> kernels = runnable_kernels();
  return kernels;
}

}  // namespace acuate
