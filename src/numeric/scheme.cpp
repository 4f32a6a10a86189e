#include "numeric/scheme.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace acuate {

namespace {

struct Affine {
  float scale = 1;
  int32_t zero_point = 0;
};

// Half of the largest float, so that every point of the grid is a finite float, also the one below
// −max|x|.
double finite_bound(double x) {
  constexpr double kLargest = std::numeric_limits<float>::max() / 2;
  return std::isnan(x) ? 0 : std::clamp(x, -kLargest, kLargest);
}

float usable_scale(double scale) {
  if (scale == 0) return 1;
  return std::max(static_cast<float>(scale), std::numeric_limits<float>::min());
}

// 2^−fl; exact.
float power_of_two_scale(double largest, int bits) {
  int exponent = 0;  // ceil(log2(largest))
  if (largest > 0 && std::frexp(largest, &exponent) == 0.5) --exponent;
  return std::max(std::ldexp(1.0F, exponent - (bits - 1)), std::numeric_limits<float>::min());
}

Affine affine(const Quantization& grid, const Scheme& scheme, double min, double max) {
  min = std::min(0.0, finite_bound(min));
  max = std::max(0.0, finite_bound(max));
  const double largest = std::max(-min, max);
  if (scheme.power_of_two) return {power_of_two_scale(largest, grid.bits), 0};
  if (scheme.symmetric) return {usable_scale(largest / grid.highest()), 0};
  const int32_t steps = grid.highest() - grid.lowest();
  float scale = usable_scale((max - min) / steps);
  if ((min == 0) != (max == 0))
    while (scale * static_cast<float>(steps) > static_cast<float>(largest) &&
           scale > std::numeric_limits<float>::min())
      scale = std::nextafter(scale, 0.0F);
  const double zero_point = std::nearbyint(grid.lowest() - min / scale);
  return {scale,
          static_cast<int32_t>(std::clamp<double>(zero_point, grid.lowest(), grid.highest()))};
}

}  // namespace

int32_t Quantization::lowest() const {
  return (is_signed ? -(int32_t{1} << (bits - 1)) : 0) + (narrow_range ? 1 : 0);
}

int32_t Quantization::highest() const { return (int32_t{1} << (is_signed ? bits - 1 : bits)) - 1; }

ElementType Quantization::element_type() const {
  if (is_float()) {
    const Scheme* format = schemes().lookup(scheme);
    ACUATE_CHECK(format != nullptr && format->is_float(), "there is no scale: scheme " + scheme);
    return format->mantissa_bits == 10 ? ElementType::Float16 : ElementType::Bfloat16;
  }
  if (bits == 4 && is_signed) return ElementType::Int4;
  ACUATE_CHECK(bits == 8 || bits == 16, "grids have 4, 8 or 16 bits");
  if (bits == 8) return is_signed ? ElementType::Int8 : ElementType::Uint8;
  return is_signed ? ElementType::Int16 : ElementType::Uint16;
}

AffineGrid Quantization::grid(size_t channel) const {
  return {scale.at(channel), int64_t{lowest()} - zero_point.at(channel),
          int64_t{highest()} - zero_point.at(channel)};
}

Quantization Scheme::from_range(double min, double max, bool narrow_range) const {
  Quantization result{id, bits, is_signed, narrow_range, {}, {}, -1};
  if (is_float()) return result;
  const auto [scale, zero_point] = affine(result, *this, min, max);
  result.scale = {scale};
  result.zero_point = {zero_point};
  return result;
}

Quantization Scheme::from_ranges(std::span<const FloatRange> ranges, int axis,
                                 bool narrow_range) const {
  ACUATE_CHECK(axis >= 0, "ranges of channels need their axis");
  if (is_float()) return from_range(0, 0, narrow_range);
  Quantization result{id, bits, is_signed, narrow_range, {}, {}, axis};
  for (const FloatRange& range : ranges) {
    const auto [scale, zero_point] = affine(result, *this, range.min, range.max);
    result.scale.push_back(scale);
    result.zero_point.push_back(zero_point);
  }
  return result;
}

std::optional<Quantization> Scheme::unclipped(double min, double max) const {
  const double largest = std::max(-finite_bound(min), finite_bound(max));
  int exponent = 0;
  if (!power_of_two || !(largest > 0) || std::frexp(largest, &exponent) != 0.5) return std::nullopt;
  return from_range(0, 2 * largest);
}

const SchemeRegistry& schemes() {
  static const SchemeRegistry registry = [] {
    SchemeRegistry made;
    register_all_schemes(made);
    return made;
  }();
  return registry;
}

Result<void> check_quantization(const Quantization& quantization) {
  const auto scheme = schemes().find(quantization.scheme, "scheme");
  if (!scheme) return scheme.error();
  const std::string& id = (*scheme)->id;
  const int bits = (*scheme)->bits;
  const bool is_signed = (*scheme)->is_signed;
  if (quantization.bits != bits || quantization.is_signed != is_signed)
    return fail("scheme {} is {} with {} bits, found {} with {}", id,
                is_signed ? "signed" : "unsigned", bits,
                quantization.is_signed ? "signed" : "unsigned", quantization.bits);
  if ((*scheme)->is_float()) {
    if (quantization.scale.empty() && quantization.zero_point.empty() &&
        quantization.per_channel_axis == -1)
      return {};
    return fail("scheme {} is a floating-point format; it has no scale, zero point or axis", id);
  }
  if (quantization.scale.empty()) return fail("there is no scale");
  if (quantization.scale.size() != quantization.zero_point.size())
    return fail("{} scales but {} zero points", quantization.scale.size(),
                quantization.zero_point.size());
  if (quantization.per_channel_axis < -1)
    return fail("per_channel_axis is {}", quantization.per_channel_axis);
  if (quantization.block_size < 0 ||
      (quantization.block_size > 0 && quantization.per_channel_axis == -1))
    return fail("block_size is {} along per_channel_axis {}", quantization.block_size,
                quantization.per_channel_axis);
  if (quantization.per_channel_axis == -1 && quantization.scale.size() != 1)
    return fail("{} scales but no per_channel_axis", quantization.scale.size());
  for (size_t i = 0; i < quantization.scale.size(); ++i) {
    const float scale = quantization.scale[i];
    const int32_t zero_point = quantization.zero_point[i];
    if (!std::isfinite(scale) || scale <= 0)
      return fail("scale[{}] is {}; it must be finite and above 0", i, scale);
    if (zero_point < quantization.lowest() || zero_point > quantization.highest())
      return fail("zero_point[{}] is {}, outside {}…{}", i, zero_point, quantization.lowest(),
                  quantization.highest());
    int exponent = 0;
    if ((*scheme)->power_of_two && std::frexp(scale, &exponent) != 0.5F)
      return fail("scale[{}] is {}; scheme {} takes powers of two", i, scale, id);
    if ((*scheme)->symmetric && zero_point != 0)
      return fail("zero_point[{}] is {}; scheme {} is symmetric, so it must be 0", i, zero_point,
                  id);
  }
  return {};
}

}  // namespace acuate
