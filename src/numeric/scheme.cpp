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

Affine affine(const Quantization& grid, bool symmetric, double min, double max) {
  min = std::min(0.0, finite_bound(min));
  max = std::max(0.0, finite_bound(max));
  if (symmetric) return {usable_scale(std::max(-min, max) / grid.highest()), 0};
  const float scale = usable_scale((max - min) / (grid.highest() - grid.lowest()));
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
  ACUATE_CHECK(bits == 8 || bits == 16, "grids have 8 or 16 bits");
  if (bits == 8) return is_signed ? ElementType::Int8 : ElementType::Uint8;
  return is_signed ? ElementType::Int16 : ElementType::Uint16;
}

AffineGrid Quantization::grid(size_t channel) const {
  return {scale.at(channel), int64_t{lowest()} - zero_point.at(channel),
          int64_t{highest()} - zero_point.at(channel)};
}

Quantization Scheme::from_range(double min, double max, bool narrow_range) const {
  Quantization result{id, bits, is_signed, narrow_range, {}, {}, -1};
  const auto [scale, zero_point] = affine(result, symmetric, min, max);
  result.scale = {scale};
  result.zero_point = {zero_point};
  return result;
}

Quantization Scheme::from_ranges(std::span<const FloatRange> ranges, int axis,
                                 bool narrow_range) const {
  ACUATE_CHECK(axis >= 0, "ranges of channels need their axis");
  Quantization result{id, bits, is_signed, narrow_range, {}, {}, axis};
  for (const FloatRange& range : ranges) {
    const auto [scale, zero_point] = affine(result, symmetric, range.min, range.max);
    result.scale.push_back(scale);
    result.zero_point.push_back(zero_point);
  }
  return result;
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
  const auto& [id, doc, bits, is_signed, symmetric] = **scheme;
  if (quantization.bits != bits || quantization.is_signed != is_signed)
    return fail("scheme {} is {} with {} bits, found {} with {}", id,
                is_signed ? "signed" : "unsigned", bits,
                quantization.is_signed ? "signed" : "unsigned", quantization.bits);
  if (quantization.scale.empty()) return fail("there is no scale");
  if (quantization.scale.size() != quantization.zero_point.size())
    return fail("{} scales but {} zero points", quantization.scale.size(),
                quantization.zero_point.size());
  if (quantization.per_channel_axis < -1)
    return fail("per_channel_axis is {}", quantization.per_channel_axis);
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
    if (symmetric && zero_point != 0)
      return fail("zero_point[{}] is {}; scheme {} is symmetric, so it must be 0", i, zero_point,
                  id);
  }
  return {};
}

}  // namespace acuate
