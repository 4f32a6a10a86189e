#include "numeric/quantize_values.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace acuate {

namespace {

// The tensor seen as [outer, channels, inner] around the quantization's axis; [1, 1, size] per
// tensor. In blocks of `block` channels there are [outer, ⌈channels / block⌉, inner] scales.
struct Layout {
  int64_t outer = 1;
  int64_t channels = 1;
  int64_t inner = 1;
  int64_t block = 0;

  int64_t blocks() const { return (channels + block - 1) / block; }
  int64_t scales() const { return block == 0 ? channels : outer * blocks() * inner; }
};

Result<Layout> layout_of(const Tensor& tensor, int axis) {
  if (axis == -1) return Layout{1, 1, tensor.size()};
  const Shape& shape = tensor.shape();
  if (axis < 0 || static_cast<size_t>(axis) >= shape.size())
    return fail("per_channel_axis {} does not exist in the shape {}", axis, format_shape(shape));
  Layout layout;
  for (int i = 0; i < axis; ++i) layout.outer *= shape[static_cast<size_t>(i)];
  layout.channels = shape[static_cast<size_t>(axis)];
  for (size_t i = static_cast<size_t>(axis) + 1; i < shape.size(); ++i) layout.inner *= shape[i];
  return layout;
}

// Calls body(scale, first element, element count) for every run of elements that share a scale.
template <class Body>
void for_each_run(const Layout& layout, const Body& body) {
  if (layout.block > 0) {
    for (int64_t i = 0; i < layout.outer * layout.channels; ++i) {
      const int64_t row =
          i / layout.channels * layout.blocks() + i % layout.channels / layout.block;
      for (int64_t j = 0; j < layout.inner; ++j)
        body(static_cast<size_t>(row * layout.inner + j), static_cast<size_t>(i * layout.inner + j),
             size_t{1});
    }
    return;
  }
  for (int64_t i = 0; i < layout.outer; ++i) {
    for (int64_t channel = 0; channel < layout.channels; ++channel)
      body(static_cast<size_t>(channel),
           static_cast<size_t>((i * layout.channels + channel) * layout.inner),
           static_cast<size_t>(layout.inner));
  }
}

Result<Layout> checked_layout(const Tensor& tensor, ElementType expected,
                              const Quantization& quantization) {
  if (tensor.type() != expected)
    return fail("a {} tensor was expected, found {}", element_type_name(expected),
                element_type_name(tensor.type()));
  if (auto valid = check_quantization(quantization); !valid) return valid.error();
  auto layout = layout_of(tensor, quantization.per_channel_axis);
  if (!layout || quantization.per_channel_axis == -1) return layout;
  layout->block = quantization.block_size;
  if (static_cast<size_t>(layout->scales()) != quantization.scale.size())
    return fail("{} scales for {} channels{} (shape {}, axis {})", quantization.scale.size(),
                layout->channels,
                layout->block > 0 ? fmt::format(" in blocks of {}", layout->block) : "",
                format_shape(tensor.shape()), quantization.per_channel_axis);
  return layout;
}

// One channel's constants. Clamping comes before rounding, which the integer bounds allow and which
// keeps the sum exact.
struct Rounder {
  float scale;
  float lowest;
  float highest;
  int32_t zero_point;

  Rounder(const Quantization& quantization, size_t channel)
      : scale(quantization.scale[channel]),
        lowest(static_cast<float>(quantization.lowest() - quantization.zero_point[channel])),
        highest(static_cast<float>(quantization.highest() - quantization.zero_point[channel])),
        zero_point(quantization.zero_point[channel]) {}

  // (q − zero_point) as a float.
  float steps(float x) const {
    constexpr float kShift = 0x1.8p23f;  // after adding it, no fraction bits are left: half to even
    float ratio = x / scale;
    ratio = ratio > lowest ? ratio : lowest;
    ratio = ratio < highest ? ratio : highest;
    return (ratio + kShift) - kShift;
  }
};

// To the nearest value of a floating-point format, half to even, as Cast does it: beyond the
// largest finite value is infinity. `lowest_exponent`: of the smallest normal number, 2^…
float round_to_float(float x, int mantissa_bits, int lowest_exponent, float overflow) {
  if (!std::isfinite(x)) return x;
  int exponent = 0;
  std::frexp(x, &exponent);  // |x| in [2^(exponent − 1), 2^exponent)
  const double step = std::ldexp(1.0, std::max(exponent - 1, lowest_exponent) - mantissa_bits);
  const double rounded = std::nearbyint(x / step) * step;
  if (std::fabs(rounded) >= overflow) return std::copysign(INFINITY, x);
  return static_cast<float>(rounded);
}

void round_to_format(std::span<float> values, ElementType format) {
  const bool is_half = format == ElementType::Float16;
  for (float& value : values)
    value = is_half ? round_to_float(value, 10, -14, 65536.0F)
                    : round_to_float(value, 7, -126, INFINITY);
}

// The bits of a value of that format.
uint16_t encode(float value, ElementType format) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  if (format == ElementType::Bfloat16) return static_cast<uint16_t>(bits >> 16);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const float magnitude = std::fabs(value);
  if (!(magnitude < 65536.0F))
    return static_cast<uint16_t>(sign | (std::isnan(value) ? 0x7e00 : 0x7c00));
  if (magnitude < 0x1p-14F)
    return static_cast<uint16_t>(sign | static_cast<uint16_t>(magnitude * 0x1p24F));
  return static_cast<uint16_t>(sign | ((bits & 0x7fffffff) - (uint32_t{112} << 23)) >> 13);
}

template <class Integer>
void quantize_as(const Tensor& values, const Quantization& quantization, const Layout& layout,
                 Tensor& result) {
  const auto source = values.values<float>();
  const auto target = result.mutable_values<Integer>();
  for_each_run(layout, [&](size_t channel, size_t first, size_t count) {
    const Rounder rounder(quantization, channel);
    for (size_t i = first; i < first + count; ++i)
      target[i] =
          static_cast<Integer>(static_cast<int32_t>(rounder.steps(source[i])) + rounder.zero_point);
  });
}

template <class Integer>
void dequantize_as(const Tensor& integers, const Quantization& quantization, const Layout& layout,
                   Tensor& result) {
  const auto source = integers.values<Integer>();
  const auto target = result.mutable_values<float>();
  for_each_run(layout, [&](size_t channel, size_t first, size_t count) {
    const float scale = quantization.scale[channel];
    const int32_t zero_point = quantization.zero_point[channel];
    for (size_t i = first; i < first + count; ++i)
      target[i] = static_cast<float>(int32_t{source[i]} - zero_point) * scale;
  });
}

// Two integers of 4 bits in a byte, the first in the lower half.
void pack(std::span<const int8_t> integers, std::span<std::byte> bytes) {
  std::fill(bytes.begin(), bytes.end(), std::byte{0});
  for (size_t i = 0; i < integers.size(); ++i)
    bytes[i / 2] |= static_cast<std::byte>((integers[i] & 0xf) << (i % 2 == 0 ? 0 : 4));
}

void unpack(std::span<const std::byte> bytes, std::span<int8_t> integers) {
  for (size_t i = 0; i < integers.size(); ++i) {
    const int half = std::to_integer<int>(bytes[i / 2]) >> (i % 2 == 0 ? 0 : 4) & 0xf;
    integers[i] = static_cast<int8_t>(half < 8 ? half : half - 16);
  }
}

// Σ(x − x')².
double error_of(const Tensor& values, const Quantization& quantization) {
  const Rounder rounder(quantization, 0);
  double sum = 0;
  for (const float x : values.values<float>()) {
    const double error =
        static_cast<double>(x) - static_cast<double>(rounder.steps(x) * rounder.scale);
    sum += error * error;
  }
  return sum;
}

}  // namespace

Result<Tensor> quantize(const Tensor& values, const Quantization& quantization) {
  const auto layout = checked_layout(values, ElementType::Float, quantization);
  if (!layout) return layout.error();
  Tensor result = Tensor::allocate(quantization.element_type(), values.shape());
  if (quantization.is_float()) {
    Tensor rounded = Tensor::of<float>(values.shape(), values.values<float>());
    round_to_format(rounded.mutable_values<float>(), result.type());
    for (size_t i = 0; i < rounded.values<float>().size(); ++i) {
      const uint16_t bits = encode(rounded.values<float>()[i], result.type());
      std::memcpy(result.mutable_bytes().data() + 2 * i, &bits, sizeof bits);
    }
    return result;
  }
  switch (result.type()) {
    case ElementType::Int4: {
      Tensor wide = Tensor::allocate(ElementType::Int8, values.shape());
      quantize_as<int8_t>(values, quantization, *layout, wide);
      pack(wide.values<int8_t>(), result.mutable_bytes());
      break;
    }
    case ElementType::Int8:
      quantize_as<int8_t>(values, quantization, *layout, result);
      break;
    case ElementType::Uint8:
      quantize_as<uint8_t>(values, quantization, *layout, result);
      break;
    case ElementType::Int16:
      quantize_as<int16_t>(values, quantization, *layout, result);
      break;
    default:
      quantize_as<uint16_t>(values, quantization, *layout, result);
      break;
  }
  return result;
}

Result<Tensor> dequantize(const Tensor& integers, const Quantization& quantization) {
  if (auto valid = check_quantization(quantization); !valid) return valid.error();
  if (quantization.is_float())
    return fail("values of scheme {} are floats already", quantization.scheme);
  const auto layout = checked_layout(integers, quantization.element_type(), quantization);
  if (!layout) return layout.error();
  Tensor result = Tensor::allocate(ElementType::Float, integers.shape());
  switch (integers.type()) {
    case ElementType::Int4: {
      Tensor wide = Tensor::allocate(ElementType::Int8, integers.shape());
      unpack(integers.bytes(), wide.mutable_values<int8_t>());
      dequantize_as<int8_t>(wide, quantization, *layout, result);
      break;
    }
    case ElementType::Int8:
      dequantize_as<int8_t>(integers, quantization, *layout, result);
      break;
    case ElementType::Uint8:
      dequantize_as<uint8_t>(integers, quantization, *layout, result);
      break;
    case ElementType::Int16:
      dequantize_as<int16_t>(integers, quantization, *layout, result);
      break;
    default:
      dequantize_as<uint16_t>(integers, quantization, *layout, result);
      break;
  }
  return result;
}

Result<void> fake_quantize(Tensor& values, const Quantization& quantization) {
  const auto layout = checked_layout(values, ElementType::Float, quantization);
  if (!layout) return layout.error();
  const auto data = values.mutable_values<float>();
  if (quantization.is_float()) {
    round_to_format(data, quantization.element_type());
    return {};
  }
  for_each_run(*layout, [&](size_t channel, size_t first, size_t count) {
    const Rounder rounder(quantization, channel);
    for (size_t i = first; i < first + count; ++i) data[i] = rounder.steps(data[i]) * rounder.scale;
  });
  return {};
}

Result<Quantization> quantization_of(const Tensor& values, const Scheme& scheme, int axis,
                                     bool narrow_range) {
  if (values.type() != ElementType::Float)
    return fail("a float32 tensor was expected, found {}", element_type_name(values.type()));
  const auto layout = layout_of(values, axis);
  if (!layout) return layout.error();
  const auto data = values.values<float>();
  for (size_t i = 0; i < data.size(); ++i) {
    if (!std::isfinite(data[i]))
      return fail("element {} is {}; only finite values can be quantized", i, data[i]);
  }
  std::vector<FloatRange> ranges(static_cast<size_t>(layout->channels));
  for_each_run(*layout, [&](size_t channel, size_t first, size_t count) {
    for (const float value : data.subspan(first, count)) {
      ranges[channel].min = std::min(ranges[channel].min, value);
      ranges[channel].max = std::max(ranges[channel].max, value);
    }
  });
  if (axis == -1) {
    Quantization chosen = scheme.from_range(ranges[0].min, ranges[0].max, narrow_range);
    auto coarser = scheme.unclipped(ranges[0].min, ranges[0].max);
    if (coarser && error_of(values, *coarser) < error_of(values, chosen))
      return std::move(*coarser);
    return chosen;
  }
  return scheme.from_ranges(ranges, axis, narrow_range);
}

Result<QuantizedBias> quantize_bias(const Tensor& bias, float input_scale,
                                    std::span<const float> weight_scale) {
  if (bias.type() != ElementType::Float)
    return fail("a float32 bias was expected, found {}", element_type_name(bias.type()));
  const auto source = bias.values<float>();
  if (weight_scale.size() != 1 && weight_scale.size() != source.size())
    return fail("{} weight scales for a bias of {} elements", weight_scale.size(), source.size());
  QuantizedBias result{Tensor::allocate(ElementType::Int32, bias.shape()), {}, 0};
  const auto target = result.integers.mutable_values<int32_t>();
  constexpr double kLowest = std::numeric_limits<int32_t>::min();
  constexpr double kHighest = std::numeric_limits<int32_t>::max();
  for (size_t i = 0; i < source.size(); ++i) {
    // Two small scales can multiply to a subnormal or to zero; the smallest normal float stands in.
    const float scale = std::max(input_scale * weight_scale[weight_scale.size() == 1 ? 0 : i],
                                 std::numeric_limits<float>::min());
    if (!std::isfinite(source[i]) || !std::isfinite(scale) || input_scale <= 0)
      return fail("bias[{}] = {} cannot be quantized with the scale {}", i, source[i], scale);
    const double integer = std::nearbyint(static_cast<double>(source[i]) / scale);
    if (integer < kLowest || integer > kHighest) ++result.saturated;
    target[i] = static_cast<int32_t>(std::clamp(integer, kLowest, kHighest));
    result.scale.push_back(scale);
  }
  return result;
}

}  // namespace acuate
