#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace acuate::property {

// The same choices from the same seed with every standard library.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  int64_t between(int64_t low, int64_t high) {  // both included
    return low + static_cast<int64_t>(engine_() % static_cast<uint64_t>(high - low + 1));
  }
  bool chance(double probability) { return real() < probability; }
  double real() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }  // [0, 1)
  template <class T>
  const T& of(const std::vector<T>& values) {
    return values[static_cast<size_t>(between(0, static_cast<int64_t>(values.size()) - 1))];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace acuate::property
