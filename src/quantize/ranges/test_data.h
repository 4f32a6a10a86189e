#pragma once

#include <cmath>
#include <random>
#include <vector>

namespace acuate {

// 40,000 values: 0 normal, 1 after a ReLU, 2 log-normal, 3 shifted and one-sided, 4 normal with two
// wild outliers.
inline std::vector<float> range_test_data(int kind) {
  std::mt19937 random(static_cast<unsigned>(kind) + 1);
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> data(40000);
  for (float& value : data) {
    value = normal(random);
    if (kind == 1) value = std::max(value, 0.0f);
    if (kind == 2) value = std::exp(2 * value);
    if (kind == 3) value = 0.5f - 3 * std::exp(value);
  }
  if (kind == 4) data[1] = 900, data[2] = -700;
  return data;
}

}  // namespace acuate
