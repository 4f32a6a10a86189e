#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/fix.h"

namespace acuate {
namespace {

constexpr std::pair<const char*, ShapeSpec GivenRange::*> kPoints[] = {
    {"least", &GivenRange::min}, {"usual", &GivenRange::opt}, {"largest", &GivenRange::max}};
constexpr Shape ShapeRange::*kResolved[] = {&ShapeRange::min, &ShapeRange::opt, &ShapeRange::max};

std::string dim_text(std::optional<int64_t> dim) { return dim ? std::to_string(*dim) : "?"; }

}  // namespace

Result<std::pair<std::string, GivenRange>> parse_shape_range_option(std::string_view text) {
  const size_t mark = text.rfind('=');
  const std::vector<std::string> parts =
      mark == text.npos ? std::vector<std::string>() : split(text.substr(mark + 1), ':');
  if (mark == 0 || parts.size() != 3)
    return fail(
        "found the range '{}'; expected INPUT=MIN:OPT:MAX, such as "
        "x=1x3x32x32:1x3x640x640:4x3x1280x1280",
        text);
  const std::string input(text.substr(0, mark));
  GivenRange range;
  for (size_t i = 0; i < parts.size(); ++i) {
    auto shape = parse_shape_option(input + "=" + parts[i]);
    if (!shape) return fail("range '{}': {}", text, shape.error().message);
    range.*kPoints[i].second = std::move(shape->second);
  }
  const auto& [min, opt, max] = range;
  if (min.size() != opt.size() || opt.size() != max.size())
    return fail("range '{}': found {}, {} and {} dimensions; expected the same number", text,
                min.size(), opt.size(), max.size());
  for (size_t axis = 0; axis < min.size(); ++axis) {
    const bool open = !min[axis];
    if (opt[axis].has_value() == open || max[axis].has_value() == open)
      return fail("range '{}', dimension {}: ? in one of the three; expected it in all or none",
                  text, axis);
    if (!open && (*min[axis] > *opt[axis] || *opt[axis] > *max[axis]))
      return fail("range '{}', dimension {}: found {}:{}:{}; expected them not to fall", text, axis,
                  *min[axis], *opt[axis], *max[axis]);
  }
  return std::pair(input, std::move(range));
}

Result<std::map<std::string, ShapeRange>> check_ranges(const Model& model,
                                                       const FixOptions& options) {
  std::map<std::string, ShapeRange> out;
  if (options.ranges.empty()) return out;
  for (const auto& [input, range] : options.ranges)
    if (options.shapes.count(input) > 0)
      return fail("input '{}' has a shape and a range; expected one of them", input);
  for (size_t i = 0; i < std::size(kPoints); ++i) {
    const auto& [name, point] = kPoints[i];
    FixOptions at;
    at.shapes = options.shapes;
    at.dims = options.dims;
    std::vector<std::string> sizes;
    for (const auto& [input, range] : options.ranges) {
      at.shapes.emplace(input, range.*point);
      std::vector<std::string> dims;
      for (const auto& dim : range.*point) dims.push_back(dim_text(dim));
      sizes.push_back(input + "=" + join(dims, "x"));
    }
    auto shaped = with_shapes(model, at);
    if (!shaped)
      return fail("at the {} sizes of --shape-range, {}: {}", name, join(sizes, ", "),
                  shaped.error().message);
    for (const Value* value : (*shaped)->graph().inputs()) {
      if (value->initializer || !value->type.shape) continue;
      Shape& shape = out[to_valid_utf8(value->name)].*kResolved[i];
      for (const Dim& dim : *value->type.shape) shape.push_back(dim.is_known() ? dim.value : -1);
    }
  }
  std::erase_if(out, [&](const auto& entry) {
    return options.ranges.count(entry.first) == 0 && entry.second.min == entry.second.max;
  });
  return out;
}

}  // namespace acuate
