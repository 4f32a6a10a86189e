#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.h"
#include "base/result.h"
#include "graph/element_type.h"
#include "numeric/grid_noise.h"

namespace acuate {

// How a tensor's reals stand on integers, or on shorter floats: q = clamp(round_half_even(x /
// scale) + zero_point), x' = (q − zero_point) · scale. One scale and zero point, or one for each
// index along per_channel_axis; or, in blocks, one for each block of indices along that axis and
// each element of the other axes, in the order of the tensor, as DequantizeLinear has them.
struct Quantization {
  std::string scheme;  // id of a Scheme
  int bits = 8;
  bool is_signed = true;
  bool narrow_range = false;  // the lowest integer is left out: −127…127, as weights want it
  std::vector<float> scale;
  std::vector<int32_t> zero_point;
  int per_channel_axis = -1;  // −1: per tensor
  int block_size = 0;         // of indices along that axis that share a scale; 0: no blocks

  // A floating-point format of `bits`: its values are rounded to it, there is no scale.
  bool is_float() const { return scale.empty(); }

  int32_t lowest() const;   // −128, or −127 in the narrow range, for signed 8 bits
  int32_t highest() const;  // 127
  // int4, int8, uint8, int16, uint16, float16 or bfloat16.
  ElementType element_type() const;
  AffineGrid grid(size_t channel = 0) const;  // of integers only
  bool operator==(const Quantization&) const = default;
};

// A way to choose scale and zero point: one file of schemes/ each.
struct Scheme {
  std::string id;
  std::string doc;
  int bits = 8;
  bool is_signed = true;
  bool symmetric = true;  // zero_point is 0 and the range is that of max|x|
  // Dynamic fixed point: scale = 2^−fl with fl = bits − 1 − ceil(log2(max|x|)), and fl = bits − 1
  // for max|x| = 0.
  bool power_of_two = false;
  // Of a floating-point format, after the leading one; 0: integers.
  int mantissa_bits = 0;

  bool is_float() const { return mantissa_bits > 0; }

  // Per tensor. The range is first made to hold zero, which is then exactly representable.
  // Degenerate ranges give a valid scale: an empty one ([0, 0]) the scale 1; one so small that the
  // scale would be subnormal, the smallest normal float, so that 1 / scale is finite; bounds beyond
  // ±1.7e38, half of the largest float, count as that, so that every grid point is finite; NaN
  // counts as 0. A one-sided asymmetric grid ends at the bound or a rounding error below, never
  // above: scale · highest ≤ max in float32, so that engines see that a Clip there does nothing.
  Quantization from_range(double min, double max, bool narrow_range = false) const;
  // Per channel: one range for each index along `axis`.
  Quantization from_ranges(std::span<const FloatRange> ranges, int axis,
                           bool narrow_range = false) const;
  // Dynamic fixed point whose max|x| is an exact power of two: from_range() clips that value by one
  // step, this grid of twice the step does not. Which errs less depends on the values. Nothing
  // for other schemes and ranges.
  std::optional<Quantization> unclipped(double min, double max) const;
};

using SchemeRegistry = Registry<Scheme>;
void register_all_schemes(SchemeRegistry& registry);
// All of them, made once.
const SchemeRegistry& schemes();

// Nothing wrong with the values themselves: sizes agree, scales are positive and finite, zero
// points on the grid, bits and sign those of the scheme. The message says which.
Result<void> check_quantization(const Quantization& quantization);

}  // namespace acuate
