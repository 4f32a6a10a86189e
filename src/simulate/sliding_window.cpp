#include "simulate/sliding_window.h"

#include <algorithm>

namespace acuate {

Result<SlidingWindow> SlidingWindow::of(const Node& node, std::span<const int64_t> kernel) {
  std::vector<int64_t> shape = node.ints_attribute("kernel_shape");
  if (shape.empty()) shape.assign(kernel.begin(), kernel.end());
  const size_t spatial = shape.size();
  if (spatial < 1 || spatial > 2)
    return fail("it has {} spatial axes; kernels for one and two are there", spatial);
  const auto strides = node.ints_attribute("strides"), dilations = node.ints_attribute("dilations"),
             pads = node.ints_attribute("pads");
  SlidingWindow window;
  for (size_t i = 0; i < spatial; ++i) {
    Axis& axis = window.axes[i + 2 - spatial];
    axis.kernel = shape[i];
    if (i < strides.size()) axis.stride = strides[i];
    if (i < dilations.size()) axis.dilation = dilations[i];
    if (pads.size() == 2 * spatial) {
      axis.pad_begin = pads[i];
      axis.pad_end = pads[i + spatial];
    }
    if (axis.kernel < 1 || axis.stride < 1 || axis.dilation < 1 || axis.pad_begin < 0 ||
        axis.pad_end < 0)
      return fail("its kernel, strides, dilations or pads are not positive");
  }
  const std::string pad = node.string_attribute("auto_pad", "NOTSET");
  window.same_upper = pad == "SAME_UPPER";
  window.same_lower = pad == "SAME_LOWER";
  if (pad != "NOTSET")
    for (Axis& axis : window.axes) axis.pad_begin = axis.pad_end = 0;
  window.ceil = node.int_attribute("ceil_mode", 0) != 0;
  return window;
}

SlidingWindow::Places SlidingWindow::places(size_t which, int64_t size) const {
  const Axis& axis = axes[which];
  if (same_upper || same_lower) {
    const int64_t count = (size + axis.stride - 1) / axis.stride;
    const int64_t pad = std::max<int64_t>(0, (count - 1) * axis.stride + axis.span() - size);
    return {count, same_upper ? pad / 2 : pad - pad / 2};
  }
  const int64_t room = size + axis.pad_begin + axis.pad_end - axis.span();
  if (room < 0) return {0, axis.pad_begin};
  int64_t count = (ceil ? room + axis.stride - 1 : room) / axis.stride + 1;
  // A window that would start behind the input is left out (ONNX, pooling).
  if (ceil && (count - 1) * axis.stride >= size + axis.pad_begin) --count;
  return {count, axis.pad_begin};
}

Result<ImageShape> ImageShape::of(const Shape& shape) {
  if (shape.size() == 4) return ImageShape{shape[0], shape[1], shape[2], shape[3], 2};
  if (shape.size() == 3) return ImageShape{shape[0], shape[1], 1, shape[2], 1};
  return fail("its input is of shape {}, not [N, C, H, W] or [N, C, W]", format_shape(shape));
}

Shape ImageShape::with(int64_t other_channels, int64_t other_height, int64_t other_width) const {
  if (spatial == 1) return {batch, other_channels, other_width};
  return {batch, other_channels, other_height, other_width};
}

}  // namespace acuate
