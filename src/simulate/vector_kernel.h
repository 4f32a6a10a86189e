#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "simulate/fixed_point.h"

// The loops that take the time, compiled for several instruction sets. They are integer arithmetic
// without overflow, so all give the same bits.
namespace acuate {

// Depths of products() are multiples of this.
constexpr size_t kDepthLanes = 32;

struct VectorKernels {
  std::string_view name;  // `avx512_vnni`
  // out[i · stride + j] = Σ a[i][k] · b[j][k]; rows of `depth` numbers, one after the other.
  void (*products)(const int16_t* a, size_t rows_a, const int16_t* b, size_t rows_b, size_t depth,
                   int32_t* out, size_t stride);
  // sums[i] += x[i] · factor.
  void (*accumulate)(int32_t* sums, const int16_t* x, int32_t factor, size_t count);
  // In place.
  void (*rescale)(int32_t* sums, size_t count, const Rescale& how);
};
// Those that this machine can run, slowest first; `portable` is always there.
std::span<const VectorKernels> vector_kernels();

}  // namespace acuate
