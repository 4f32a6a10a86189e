#pragma once

#include <cstdint>

// The arithmetic of requantization, docs/simulate.md: a real factor is an int32 mantissa and a
// shift (Jacob et al. 2018, section 2.2), and there is one rounding, to nearest with halves to
// even.
namespace acuate {

// The real number mantissa · 2^−shift with 2^30 ≤ mantissa < 2^31; 0 · 2^0 for zero.
struct FixedPoint {
  int32_t mantissa = 0;
  int shift = 0;

  // The nearest one. `real` is finite and not negative.
  static FixedPoint of(double real);
  double real() const;
  bool operator==(const FixedPoint&) const = default;
};

// round_half_even(value / 2^shift); a negative shift multiplies. Saturates at ±2^62.
int64_t shift_right(__int128 value, int shift);

// Where a sum goes: clamp(round_half_even(sum · factor) + zero_point, lowest, highest).
struct Rescale {
  FixedPoint factor;
  int32_t zero_point = 0;
  int32_t lowest = 0, highest = 0;

  int32_t operator()(int64_t sum) const;
};

}  // namespace acuate
