#include "simulate/vector_kernel.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace acuate {
namespace {

// Each variant against the definition, so all give the same bits.
TEST(VectorKernels, AllAreTheDefinition) {
  std::mt19937 random(1);
  for (const VectorKernels& kernels : vector_kernels()) {
    SCOPED_TRACE(kernels.name);
    for (const size_t rows : {1, 3, 4, 9}) {
      const size_t columns = 13 - rows, depth = kDepthLanes * rows;
      std::vector<int16_t> a(rows * depth), b(columns * depth);
      for (auto* side : {&a, &b})
        for (int16_t& x : *side) x = static_cast<int16_t>(static_cast<int>(random() % 511) - 255);
      std::vector<int32_t> found(rows * 20, -7), expected = found;
      kernels.products(a.data(), rows, b.data(), columns, depth, found.data(), 20);
      for (size_t i = 0; i < rows; ++i)
        for (size_t j = 0; j < columns; ++j) {
          int32_t sum = 0;
          for (size_t k = 0; k < depth; ++k) sum += a[i * depth + k] * b[j * depth + k];
          expected[i * 20 + j] = sum;
        }
      EXPECT_EQ(found, expected);
    }
    std::vector<int32_t> sums(77), once = sums;
    std::vector<int16_t> x(77);
    for (size_t i = 0; i < sums.size(); ++i) {
      sums[i] = once[i] = static_cast<int32_t>(random() % 100000) - 50000;
      x[i] = static_cast<int16_t>(random());
      once[i] += x[i] * -37;
    }
    kernels.accumulate(sums.data(), x.data(), -37, sums.size());
    EXPECT_EQ(sums, once);
    for (const double factor : {0.5, 0.001234, 3.7, 1e-9, 1e-12, 1e-30, 1e12}) {
      const Rescale how{FixedPoint::of(factor), -5, -128, 127};
      std::vector<int32_t> values{0,  1, -1,  2,      -2,      3,         -3,        5,  7,
                                  -5, 9, 255, -65025, 1 << 20, INT32_MAX, INT32_MIN, 11, 13};
      std::vector<int32_t> expected;
      for (const int32_t value : values) expected.push_back(how(value));
      kernels.rescale(values.data(), values.size(), how);
      EXPECT_EQ(values, expected) << factor;
    }
  }
}

TEST(VectorKernels, PortableIsAlwaysThere) { EXPECT_EQ(vector_kernels().front().name, "portable"); }

}  // namespace
}  // namespace acuate
