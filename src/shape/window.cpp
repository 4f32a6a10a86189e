#include "shape/window.h"

#include <fmt/format.h>

namespace acuate {
namespace {

// A list of positive numbers, one per axis; ones where it is absent.
std::optional<std::vector<int64_t>> positive_list(RuleContext& context, const char* name,
                                                  size_t count) {
  auto values = context.ints_attribute(name);
  if (!values || values->empty()) return std::vector<int64_t>(count, 1);
  if (values->size() != count) {
    context.refuse(
        fmt::format("{} has {} values for {} spatial axes", name, values->size(), count));
    return std::nullopt;
  }
  for (const int64_t value : *values)
    if (value < 1) {
      context.refuse(fmt::format("{} holds {}, expected at least 1", name, value));
      return std::nullopt;
    }
  return values;
}

Expr slide_axis(const Window& window, Expr size, Expr extent, size_t axis, size_t axes) {
  const int64_t stride = window.strides[axis];
  if (window.auto_pad == Window::AutoPad::Same) return ceil_div(size, stride);
  Expr begin = 0, end = 0;
  if (window.auto_pad == Window::AutoPad::NotSet) {
    begin = window.pads[axis];
    end = window.pads[axes + axis];
  }
  const Expr room = size + begin + end - extent;
  if (!window.is_ceil) return floor_div(room, stride) + 1;
  // A window must not begin in the padding behind: onnx pull request 5741.
  const Expr positions = ceil_div(room, stride) + 1, begins = ceil_div(size + begin, stride);
  const auto is_inside = less(stride - 1, extent - end);
  return is_inside ? (*is_inside ? positions : begins) : min(positions, begins);
}

}  // namespace

std::optional<Window> window_of(RuleContext& context, size_t axes) {
  Window window;
  const std::string mode = context.string_attribute("auto_pad", "NOTSET");
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    window.auto_pad = Window::AutoPad::Same;
  } else if (mode == "VALID") {
    window.auto_pad = Window::AutoPad::Valid;
  } else if (!mode.empty() && mode != "NOTSET") {
    context.refuse(
        fmt::format("auto_pad is '{}', expected NOTSET, SAME_UPPER, SAME_LOWER or VALID", mode));
    return std::nullopt;
  }
  window.is_ceil = context.int_attribute("ceil_mode", 0) != 0;
  auto strides = positive_list(context, "strides", axes);
  if (!strides) return std::nullopt;
  auto dilations = positive_list(context, "dilations", axes);
  if (!dilations) return std::nullopt;
  window.strides = std::move(*strides);
  window.dilations = std::move(*dilations);
  window.pads = context.ints_attribute("pads").value_or(std::vector<int64_t>());
  if (window.pads.empty()) window.pads.assign(2 * axes, 0);
  if (window.pads.size() != 2 * axes) {
    context.refuse(fmt::format("pads has {} values for {} spatial axes, expected {}",
                               window.pads.size(), axes, 2 * axes));
    return std::nullopt;
  }
  return window;
}

std::optional<Dims> slide(RuleContext& context, const Window& window, std::span<const Expr> spatial,
                          std::span<const Expr> kernel) {
  Dims out;
  for (size_t axis = 0; axis < spatial.size(); ++axis) {
    const Expr extent = (kernel[axis] - 1) * window.dilations[axis] + 1;
    const Expr size = slide_axis(window, spatial[axis], extent, axis, spatial.size());
    if (spatial[axis].as_number().value_or(0) > 0 && size.is_number() && *size.as_number() < 1) {
      context.refuse(
          fmt::format("its window of {} exceeds the padded input of {} at spatial axis "
                      "{}",
                      extent.text(), spatial[axis].text(), axis));
      return std::nullopt;
    }
    out.push_back(size.is_number() ? max(size, 0) : size);
  }
  return out;
}

std::optional<Dims> kernel_of(RuleContext& context, size_t axes,
                              std::optional<std::span<const Expr>> of_weight) {
  const auto given = context.ints_attribute("kernel_shape");
  if (!given || given->empty())
    return of_weight ? Dims(of_weight->begin(), of_weight->end()) : Dims(axes, Expr::unknown());
  if (given->size() != axes) {
    context.refuse(
        fmt::format("kernel_shape has {} values for {} spatial axes", given->size(), axes));
    return std::nullopt;
  }
  Dims out;
  for (size_t axis = 0; axis < axes; ++axis) {
    if ((*given)[axis] < 1) {
      context.refuse(fmt::format("kernel_shape holds {}, expected at least 1", (*given)[axis]));
      return std::nullopt;
    }
    out.emplace_back((*given)[axis]);
    if (of_weight && is_false(same((*of_weight)[axis], out.back()))) {
      context.refuse(fmt::format("kernel_shape says {} at spatial axis {}, its weight {}",
                                 out.back().text(), axis, (*of_weight)[axis].text()));
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace acuate
