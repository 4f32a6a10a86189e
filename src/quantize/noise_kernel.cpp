#include "quantize/noise_kernel.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace acuate {
namespace {

constexpr size_t kLanes = 8;
constexpr size_t kBlock = 64 * kLanes;  // elements whose sums stay in float32
typedef float Lanes __attribute__((vector_size(kLanes * 4)));

// Adding and taking it away again rounds to an integer, halves to even; for |x| < 2²².
constexpr float kRounder = 12582912.0F;  // 1.5 · 2²³

[[gnu::always_inline]] inline void load(const float* from, Lanes& lanes) {
  std::memcpy(&lanes, from, sizeof lanes);
}

[[gnu::always_inline]] inline double total(const Lanes& lanes) {
  double sum = 0;
  for (size_t i = 0; i < kLanes; ++i) sum += static_cast<double>(lanes[i]);
  return sum;
}

[[gnu::always_inline]] inline NoiseSums block_noise(const float* x, const float* g,
                                                    const AffineGrid& grid) {
  const auto scale = static_cast<float>(grid.scale);
  const Lanes lowest = Lanes{} + static_cast<float>(grid.lowest);
  const Lanes highest = Lanes{} + static_cast<float>(grid.highest);
  Lanes noise{}, projection{};
  for (size_t i = 0; i < kBlock; i += kLanes) {
    Lanes value, gradient;
    load(x + i, value);
    load(g + i, gradient);
    Lanes step = value / scale;
    step = step < lowest ? lowest : step;
    step = step > highest ? highest : step;
    step = (step + kRounder) - kRounder;
    const Lanes n = step * scale - value;
    noise += n * n;
    projection += n * gradient;
  }
  return {total(noise), total(projection)};
}

[[gnu::always_inline]] inline double block_squares(const float* a) {
  Lanes squares{};
  for (size_t i = 0; i < kBlock; i += kLanes) {
    Lanes value;
    load(a + i, value);
    squares += value * value;
  }
  return total(squares);
}

[[gnu::always_inline]] inline ValueSums add_block(const float* x, const float* g,
                                                  std::span<const AffineGrid> grids,
                                                  std::span<NoiseSums> sums) {
  for (size_t k = 0; k < grids.size(); ++k) {
    const NoiseSums block = block_noise(x, g, grids[k]);
    sums[k].noise += block.noise;
    sums[k].projection += block.projection;
  }
  return {block_squares(x), block_squares(g)};
}

template <class Block>
[[gnu::always_inline]] inline void for_each_block(std::span<const float> a,
                                                  std::span<const float> b, const Block& block) {
  size_t i = 0;
  for (; i + kBlock <= a.size(); i += kBlock) block(a.data() + i, b.data() + i);
  if (i == a.size()) return;
  float rest_a[kBlock] = {}, rest_b[kBlock] = {};  // 0 is on every grid
  std::copy(a.begin() + static_cast<std::ptrdiff_t>(i), a.end(), rest_a);
  std::copy(b.begin() + static_cast<std::ptrdiff_t>(i), b.end(), rest_b);
  block(rest_a, rest_b);
}

[[gnu::always_inline]] inline ValueSums add_noise_lanes(std::span<const float> x,
                                                        std::span<const float> g,
                                                        std::span<const AffineGrid> grids,
                                                        std::span<NoiseSums> sums) {
  ValueSums result;
  for_each_block(
      x, g, [&](const float* a, const float* b) __attribute__((always_inline)) {
        const ValueSums block = add_block(a, b, grids, sums);
        result.signal += block.signal;
        result.gain += block.gain;
      });
  return result;
}

[[gnu::always_inline]] inline double squares_lanes(std::span<const float> values) {
  double sum = 0;
  for_each_block(
      values, values, [&](const float* a, const float*) __attribute__((always_inline)) {
        sum += block_squares(a);
      });
  return sum;
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] ValueSums add_noise_avx2(std::span<const float> x, std::span<const float> g,
                                                 std::span<const AffineGrid> grids,
                                                 std::span<NoiseSums> sums) {
  return add_noise_lanes(x, g, grids, sums);
}
[[gnu::target("avx2")]] double squares_avx2(std::span<const float> values) {
  return squares_lanes(values);
}
const bool kHasAvx2 = __builtin_cpu_supports("avx2");
#endif

}  // namespace

ValueSums add_noise(std::span<const float> values, std::span<const float> gradients,
                    std::span<const AffineGrid> grids, std::span<NoiseSums> sums) {
  ACUATE_CHECK(values.size() == gradients.size() && grids.size() == sums.size(),
               "values and gradients, grids and sums are of one length");
#if defined(__x86_64__)
  if (kHasAvx2) return add_noise_avx2(values, gradients, grids, sums);
#endif
  return add_noise_lanes(values, gradients, grids, sums);
}

double sum_of_squares(std::span<const float> values) {
#if defined(__x86_64__)
  if (kHasAvx2) return squares_avx2(values);
#endif
  return squares_lanes(values);
}

}  // namespace acuate
