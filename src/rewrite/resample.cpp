#include "rewrite/resample.h"

#include <algorithm>
#include <cmath>

#include "rewrite/expansion.h"

namespace acuate {
namespace {

float position(const ResizeRule& rule, const ResizedAxis& axis, int64_t index) {
  const auto x = static_cast<float>(index);
  const auto from = static_cast<float>(axis.from), to = static_cast<float>(axis.to);
  if (rule.coordinates == "asymmetric") return x / axis.scale;
  if (rule.coordinates == "tf_half_pixel_for_nn") return (x + 0.5F) / axis.scale;
  if (rule.coordinates == "align_corners") return axis.to == 1 ? 0 : x * (from - 1) / (to - 1);
  if (rule.coordinates == "pytorch_half_pixel" && axis.to <= 1) return 0;
  float offset = 0;
  if (rule.coordinates == "half_pixel_symmetric")
    offset = from / 2 * (1 - to / (axis.scale * from));
  return offset + (x + 0.5F) / axis.scale - 0.5F;
}

int64_t nearest(const std::string& mode, float x) {
  if (mode == "floor") return static_cast<int64_t>(std::floor(x));
  if (mode == "ceil") return static_cast<int64_t>(std::ceil(x));
  if (mode == "round_prefer_floor" && x == std::floor(x) + 0.5F)
    return static_cast<int64_t>(std::floor(x));
  return static_cast<int64_t>(std::round(x));
}

// The sizes and scales of all axes that the node names.
std::optional<std::string> read_sizes(const Node& node, const LegalizeContext& context,
                                      const Shape& shape, std::vector<ResizedAxis>& axes) {
  std::vector<int64_t> places = node.ints_attribute("axes");
  if (places.empty())
    for (size_t i = 0; i < shape.size(); ++i) places.push_back(static_cast<int64_t>(i));
  for (int64_t& place : places) {
    place += place < 0 ? static_cast<int64_t>(shape.size()) : 0;
    if (place < 0 || place >= static_cast<int64_t>(shape.size())) return "an axis is out of range";
  }
  const bool is_old = node.is_op("Upsample") || node.graph().opset_version() < 11;
  const Value* scales_input = node.input(is_old ? 1 : 2);
  const Value* sizes_input = is_old ? nullptr : node.input(3);
  std::vector<double> scales;
  if (const Attribute* given = node.attribute("scales")) {
    const auto numbers = given->as_floats();
    if (numbers) scales.assign(numbers->begin(), numbers->end());
  } else if (scales_input != nullptr) {
    auto numbers = known_reals(scales_input);
    if (!numbers) return "its scales are not constant";
    scales = std::move(*numbers);
  }
  std::vector<int64_t> sizes;
  if (scales.empty()) {
    auto numbers = known_ints(sizes_input, context);
    if (!numbers) return "its sizes are not constant";
    sizes = std::move(*numbers);
  }
  if (std::max(sizes.size(), scales.size()) != places.size())
    return "it has another number of sizes than of axes";
  for (size_t i = 0; i < places.size(); ++i) {
    ResizedAxis axis{places[i], shape[static_cast<size_t>(places[i])], 0, 1};
    if (axis.from < 1) return "an axis is empty";
    if (scales.empty()) {
      axis.to = sizes[i];
      axis.scale = static_cast<float>(axis.to) / static_cast<float>(axis.from);
    } else {
      axis.scale = static_cast<float>(scales[i]);
      axis.to = static_cast<int64_t>(std::floor(static_cast<float>(axis.from) * axis.scale));
    }
    if (axis.to < 1) return "its result is empty";
    if (axis.scale != 1) axes.push_back(axis);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> read_resize(const Node& node, const LegalizeContext& context,
                                       ResizeRule& rule, std::vector<ResizedAxis>& axes) {
  const auto shape = known_shape(node.input(0));
  if (!shape) return "the shape of its input is not known";
  if (node.int_attribute("antialias", 0) != 0) return "it has antialias";
  if (node.string_attribute("keep_aspect_ratio_policy", "stretch") != "stretch")
    return "it keeps the aspect ratio";
  const bool is_old = node.is_op("Upsample") || node.graph().opset_version() < 11;
  rule.mode = node.string_attribute("mode", "nearest");
  if (rule.mode == "bilinear") rule.mode = "linear";
  rule.coordinates =
      node.string_attribute("coordinate_transformation_mode", is_old ? "asymmetric" : "half_pixel");
  rule.nearest = node.string_attribute("nearest_mode", is_old ? "floor" : "round_prefer_floor");
  rule.cubic_a = node.float_attribute("cubic_coeff_a", -0.75F);
  rule.exclude_outside = node.int_attribute("exclude_outside", 0) != 0;
  if (rule.coordinates == "tf_crop_and_resize") return "it has a region of interest";
  if (auto reason = read_sizes(node, context, *shape, axes)) return reason;
  if (axes.empty()) return "it changes nothing";
  for (const ResizedAxis& axis : axes)
    if (is_old && axis.scale < 1) return "what makes an image smaller had no rule before opset 11";
  return std::nullopt;
}

std::vector<int64_t> nearest_indices(const ResizeRule& rule, const ResizedAxis& axis) {
  std::vector<int64_t> out;
  for (int64_t i = 0; i < axis.to; ++i)
    out.push_back(
        std::clamp<int64_t>(nearest(rule.nearest, position(rule, axis, i)), 0, axis.from - 1));
  return out;
}

std::vector<float> resize_weights(const ResizeRule& rule, const ResizedAxis& axis) {
  std::vector<float> out(static_cast<size_t>(axis.to * axis.from), 0);
  const auto add = [&](int64_t row, int64_t column, double weight) {
    out[static_cast<size_t>(row * axis.from + std::clamp<int64_t>(column, 0, axis.from - 1))] +=
        static_cast<float>(weight);
  };
  for (int64_t i = 0; i < axis.to; ++i) {
    const float x = position(rule, axis, i);
    if (rule.mode == "nearest") {
      add(i, nearest(rule.nearest, x), 1);
    } else if (rule.mode == "linear") {
      const float inside = std::clamp(x, 0.0F, static_cast<float>(axis.from - 1));
      const auto first = static_cast<int64_t>(inside);
      const double part = static_cast<double>(inside) - static_cast<double>(first);
      add(i, first, 1 - part);
      add(i, first + 1, part);
    } else {
      const auto first = static_cast<int64_t>(std::floor(x));
      const double s = static_cast<double>(x) - static_cast<double>(first), a = rule.cubic_a;
      const auto near = [&](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
      const auto far = [&](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
      double weights[] = {far(s + 1), near(s), near(1 - s), far(2 - s)};
      double sum = 0;
      for (int64_t k = 0; k < 4; ++k) {
        const int64_t column = first - 1 + k;
        if (rule.exclude_outside && (column < 0 || column >= axis.from)) weights[k] = 0;
        sum += weights[k];
      }
      for (int64_t k = 0; k < 4; ++k)
        add(i, first - 1 + k, rule.exclude_outside ? weights[k] / sum : weights[k]);
    }
  }
  return out;
}

}  // namespace acuate
