#include "simulate/fixed_point.h"

#include <algorithm>
#include <cmath>

namespace acuate {

FixedPoint FixedPoint::of(double real) {
  if (!(real > 0)) return {};
  int exponent = 0;
  const double fraction = std::frexp(real, &exponent);  // in [0.5, 1)
  auto mantissa = static_cast<int64_t>(std::nearbyint(std::ldexp(fraction, 31)));
  if (mantissa == int64_t{1} << 31) {
    mantissa /= 2;
    ++exponent;
  }
  return {static_cast<int32_t>(mantissa), 31 - exponent};
}

double FixedPoint::real() const { return std::ldexp(static_cast<double>(mantissa), -shift); }

int64_t shift_right(__int128 value, int shift) {
  constexpr __int128 kLimit = __int128{1} << 62;
  if (shift > 120) return 0;
  if (shift > 0) {
    const __int128 below_half = (__int128{1} << (shift - 1)) - 1;
    value = (value + below_half + ((value >> shift) & 1)) >> shift;
  } else if (value != 0) {
    value = std::clamp(value, -kLimit, kLimit);
    value = -shift > 62 ? (value < 0 ? -kLimit : kLimit) : value * (__int128{1} << -shift);
  }
  return static_cast<int64_t>(std::clamp(value, -kLimit, kLimit));
}

int32_t Rescale::operator()(int64_t sum) const {
  const int shift = factor.shift;
  int64_t steps = 0;
  if (sum == static_cast<int32_t>(sum) && shift >= 1 && shift <= 61) {
    const int64_t product = sum * factor.mantissa;  // below 2^62
    steps = (product + (int64_t{1} << (shift - 1)) - 1 + ((product >> shift) & 1)) >> shift;
  } else {
    steps = shift_right(static_cast<__int128>(sum) * factor.mantissa, shift);
  }
  return static_cast<int32_t>(std::clamp<int64_t>(steps + zero_point, lowest, highest));
}

}  // namespace acuate
