#include "quantize/noise_kernel.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace acuate {
namespace {

TEST(NoiseKernel, SumsAreThoseOfTheDefinition) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (const size_t size : {1U, 511U, 512U, 513U, 5000U}) {
    std::vector<float> x(size), g(size);
    for (float& value : x) value = 3 * normal(random);
    for (float& value : g) value = normal(random);
    const AffineGrid grids[] = {{0.05, -128, 127}, {0.5, 0, 7}, {1e-4, -32768, 32767}};
    NoiseSums sums[3] = {};
    const ValueSums values = add_noise(x, g, grids, sums);
    double signal = 0, gain = 0;
    NoiseSums expected[3] = {};
    for (size_t i = 0; i < size; ++i) {
      const double value = static_cast<double>(x[i]), gradient = static_cast<double>(g[i]);
      signal += value * value;
      gain += gradient * gradient;
      for (size_t k = 0; k < 3; ++k) {
        const double steps =
            std::nearbyint(static_cast<double>(x[i] / static_cast<float>(grids[k].scale)));
        const double n = std::clamp(steps, static_cast<double>(grids[k].lowest),
                                    static_cast<double>(grids[k].highest)) *
                             static_cast<double>(static_cast<float>(grids[k].scale)) -
                         value;
        expected[k].noise += n * n;
        expected[k].projection += n * gradient;
      }
    }
    EXPECT_NEAR(values.signal, signal, 1e-5 * signal);
    EXPECT_NEAR(values.gain, gain, 1e-5 * gain);
    for (size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(sums[k].noise, expected[k].noise, 1e-3 * expected[k].noise) << size << " " << k;
      EXPECT_NEAR(sums[k].projection, expected[k].projection,
                  1e-3 * std::sqrt(expected[k].noise * gain))
          << size << " " << k;
    }
  }
}

}  // namespace
}  // namespace acuate
