#include "numeric/quantize_values.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace acuate {

namespace {

// The tensor seen as [outer, channels, inner] around the quantization's axis; [1, 1, size] per
// tensor.
struct Layout {
  int64_t outer = 1;
  int64_t channels = 1;
  int64_t inner = 1;
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

// Calls body(channel, first element, element count) for every run of elements that share a channel.
template <class Body>
void for_each_run(const Layout& layout, const Body& body) {
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
  if (layout && quantization.per_channel_axis != -1 &&
      static_cast<size_t>(layout->channels) != quantization.scale.size())
    return fail("{} scales for {} channels (shape {}, axis {})", quantization.scale.size(),
                layout->channels, format_shape(tensor.shape()), quantization.per_channel_axis);
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

}  // namespace

Result<Tensor> quantize(const Tensor& values, const Quantization& quantization) {
  const auto layout = checked_layout(values, ElementType::Float, quantization);
  if (!layout) return layout.error();
  Tensor result = Tensor::allocate(quantization.element_type(), values.shape());
  switch (result.type()) {
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
  const auto layout = checked_layout(integers, quantization.element_type(), quantization);
  if (!layout) return layout.error();
  Tensor result = Tensor::allocate(ElementType::Float, integers.shape());
  switch (integers.type()) {
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
  if (axis == -1) return scheme.from_range(ranges[0].min, ranges[0].max, narrow_range);
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
