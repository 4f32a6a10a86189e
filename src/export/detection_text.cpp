#include "export/detection_text.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"

namespace acuate {
namespace {

template <typename T>
std::string constant(std::string_view name, std::string_view type, const Shape& shape,
                     std::span<const T> values, const char* format) {
  std::vector<std::string> dims, numbers;
  for (const int64_t dim : shape) dims.push_back(std::to_string(dim));
  for (const T value : values) numbers.push_back(fmt::format(fmt::runtime(format), value));
  return fmt::format("{} = Constant <value = {}{} {{{}}}> ()  ", name, type,
                     shape.empty() ? "" : "[" + join(dims, ",") + "]", join(numbers, ", "));
}

// The largest float below: NonMaxSuppression wants more than its threshold, keep_best() at least.
// Scores are no less than 0 where they are those of boxes.
float threshold_below(double score) {
  if (score <= 0) return -0.5F;
  const auto near = static_cast<float>(score);
  return near < score ? near : std::nextafter(near, -1.0F);
}

}  // namespace

std::string constant_text(std::string_view name, const Shape& shape,
                          std::span<const double> values) {
  return constant<double>(name, "float", shape, values, "{:.9g}");
}

std::string constant_text(std::string_view name, const Shape& shape,
                          std::span<const int64_t> values) {
  return constant<int64_t>(name, "int64", shape, values, "{}");
}

std::string keep_best_text(int64_t classes, const DecoderOptions& options) {
  const auto most = static_cast<int64_t>(options.at("max_detections"));
  const auto number = [](std::string_view name, double value) {
    return constant_text(name, {}, std::span(&value, 1));
  };
  const auto integer = [](std::string_view name, const Shape& shape, int64_t value) {
    return constant_text(name, shape, std::span(&value, 1));
  };
  const int64_t corners[] = {-1, 4};
  return number("nothing", 0) + number("no_score", -1) + number("overlap", options.at("nms_iou")) +
         number("least", threshold_below(options.at("score"))) +
         number("largest", std::numeric_limits<float>::max()) + integer("most", {}, most) +
         integer("limit", {1}, most) + integer("class_count", {}, classes) +
         integer("all", {1}, -1) + integer("class_column", {}, 1) + integer("cell_column", {}, 2) +
         constant_text("corners", {2}, corners) +
         // Boxes without area and such as are not finite score less than any.
         "extent = Sub(high, low)  grows = Greater(extent, nothing)  grows_number = Cast <to = 6> "
         "(grows)  grow_both = ReduceMin <axes = [2], keepdims = 1> (grows_number)  "
         "has_area = Cast <to = 9> (grow_both)  "
         "area = ReduceProd <axes = [2], keepdims = 1> (extent)  "
         "is_finite = LessOrEqual(area, largest)  is_box = And(has_area, is_finite)  "
         "judged = Where(is_box, scores, no_score)  "
         "by_class = Transpose <perm = [0, 2, 1]> (judged)  boxes = Concat <axis = 2> (low, high)  "
         "kept = NonMaxSuppression(boxes, by_class, most, overlap, least)  "
         "kept_class = Gather <axis = 1> (kept, class_column)  "
         "kept_cell = Gather <axis = 1> (kept, cell_column)  "
         "kept_row = Mul(kept_cell, class_count)  place = Add(kept_row, kept_class)  "
         // The best of all classes; of equal ones the first.
         "count = Shape(place)  "
         "ordered, unused = TopK <axis = 0, largest = 0> (place, count)  "
         "all_scores = Reshape(scores, all)  ordered_scores = Gather(all_scores, ordered)  "
         "number = Min(count, limit)  "
         "detection_scores, rank = TopK <axis = 0> (ordered_scores, number)  "
         "best = Gather(ordered, rank)  detection_classes = Mod(best, class_count)  "
         "cell = Div(best, class_count)  all_boxes = Reshape(boxes, corners)  "
         "detection_boxes = Gather <axis = 0> (all_boxes, cell)";
}

std::vector<IoSpec> detection_results() {
  const auto result = [](const char* name, ElementType type, Shape shape) {
    IoSpec port;
    port.name = name;
    port.type = type;
    port.shape = std::move(shape);
    return port;
  };
  return {result("detection_boxes", ElementType::Float, {-1, 4}),
          result("detection_scores", ElementType::Float, {-1}),
          result("detection_classes", ElementType::Int64, {-1})};
}

}  // namespace acuate
