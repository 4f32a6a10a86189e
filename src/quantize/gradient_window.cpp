#include "quantize/gradient_window.h"

#include <algorithm>
#include <numeric>

namespace acuate {
namespace {

std::vector<int64_t> joined(std::vector<int64_t> a, const std::vector<int64_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// [M, C / group, kernel…] to [C, M / group, kernel…], each kernel turned around.
Value* flipped(GradientContext& context, Value* weight, const Shape& shape, int64_t group) {
  const size_t axes = shape.size() - 2;
  const int64_t rows = shape[0] / group, columns = shape[1];
  const std::vector<int64_t> kernel(shape.begin() + 2, shape.end());
  if (rows > 1 || columns > 1) {
    std::vector<int64_t> permutation(axes + 3);
    std::iota(permutation.begin(), permutation.end(), 0);
    std::swap(permutation[1], permutation[2]);
    weight = context.reshape(weight, joined({group, rows, columns}, kernel));
    weight = context.transpose(weight, permutation);
    weight = context.reshape(weight, joined({group * columns, rows}, kernel));
  }
  for (size_t i = 0; i < axes; ++i)
    if (kernel[i] > 1)
      weight = context.slice(weight, static_cast<int64_t>(i) + 2, -1, INT64_MIN + 1, -1);
  return weight;
}

}  // namespace

SlidingWindow sliding_window(const Node& node, const Shape& in, const Shape& out,
                             std::vector<int64_t> kernel) {
  const size_t axes = in.size() - 2;
  SlidingWindow window;
  window.kernel = std::move(kernel);
  window.strides = node.ints_attribute("strides");
  window.dilations = node.ints_attribute("dilations");
  const std::vector<int64_t> pads = node.ints_attribute("pads");
  window.strides.resize(axes, 1);
  window.dilations.resize(axes, 1);
  window.begins.assign(axes, 0);
  window.ends.assign(axes, 0);
  const std::string auto_pad = node.string_attribute("auto_pad", "NOTSET");
  for (size_t i = 0; i < axes; ++i) {
    if (auto_pad == "NOTSET" && pads.size() == 2 * axes) {
      window.begins[i] = pads[i];
      window.ends[i] = pads[axes + i];
    } else if (auto_pad.starts_with("SAME")) {
      const int64_t total =
          std::max<int64_t>((out[i + 2] - 1) * window.strides[i] + window.extent(i) - in[i + 2], 0);
      window.begins[i] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
      window.ends[i] = total - window.begins[i];
    }
  }
  return window;
}

Value* convolution_data_gradient(GradientContext& context, Value* gradient, const Shape& out,
                                 Value* weight, const Shape& weight_shape, int64_t group,
                                 const SlidingWindow& window, const Shape& in) {
  const size_t axes = in.size() - 2;
  const bool is_depthwise = weight_shape[1] == 1 && weight_shape[0] == group;
  bool as_convolution = true;
  std::vector<int64_t> begins, ends, spread{1, 1};
  for (size_t i = 0; i < axes; ++i) {
    as_convolution &= window.strides[i] == 1 || is_depthwise;
    spread.push_back(window.strides[i]);
    begins.push_back(window.extent(i) - 1 - window.begins[i]);
    ends.push_back(in[i + 2] - out[i + 2] * window.strides[i] - begins.back() + window.extent(i) -
                   1);
  }
  const auto negative = [](int64_t n) { return n < 0; };
  as_convolution &= std::none_of(begins.begin(), begins.end(), negative);
  GraphWriter::Settings settings{
      {"kernel_shape", window.kernel}, {"dilations", window.dilations}, {"group", group}};
  if (as_convolution) {
    Value* apart = context.spread(gradient, out, spread);
    for (size_t i = 0; i < axes; ++i) {
      if (ends[i] >= 0) continue;  // zeros behind the last element that reach beyond the result
      const int64_t size = out[i + 2] * spread[i + 2];
      apart = context.slice(apart, static_cast<int64_t>(i) + 2, 0, size + ends[i]);
      ends[i] = 0;
    }
    settings.emplace_back("pads", joined(begins, ends));
    return context.add("Conv", {apart, flipped(context, weight, weight_shape, group)}, settings);
  }
  std::vector<int64_t> pad_ends = window.ends, more;
  for (size_t i = 0; i < axes; ++i) {
    const int64_t missing = in[i + 2] - ((out[i + 2] - 1) * window.strides[i] + window.extent(i) -
                                         window.begins[i] - window.ends[i]);
    pad_ends[i] += std::max<int64_t>(-missing, 0);
    more.push_back(std::max<int64_t>(missing, 0));
  }
  settings.emplace_back("strides", window.strides);
  settings.emplace_back("pads", joined(window.begins, pad_ends));
  settings.emplace_back("output_padding", more);
  return context.add("ConvTranspose", {gradient, weight}, settings);
}

}  // namespace acuate
