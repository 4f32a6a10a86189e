#include <algorithm>
#include <cmath>
#include <optional>

#include "evaluate/decoder.h"
#include "evaluate/values.h"

// DB post-processing (Liao et al., "Real-time Scene Text Detection with Differentiable
// Binarization", AAAI 2020, section 3.5) in the form of PaddleOCR's DBPostProcess with box_type
// quad and score_mode fast: threshold the map, take the least rectangle around every component,
// score it by the map's mean inside, grow it, keep what is large enough.
//
// Two things differ from PaddleOCR, both by choice. Only the outer contour of a component gives a
// box; OpenCV's RETR_LIST also lists the contours of holes, which are background. And the rectangle
// grows exactly: offset by distance d with round joins, its least rectangle is the rectangle with d
// added on every side (at angle t from it the bounding box has sides a·cos t + b·sin t + 2d and
// a·sin t + b·cos t + 2d, whose product is least at t = 0), so no polygon clipper is needed;
// PaddleOCR's clipper first cuts the corners to whole pixels.

namespace acuate {
namespace {

struct Map {
  int height = 0, width = 0;
  std::vector<double> values;
  double at(int x, int y) const {
    return values[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)];
  }
};

Result<Map> find_map(std::span<const Tensor> outputs) {
  const Tensor* found = nullptr;
  std::string shapes;
  for (const Tensor& output : outputs) {
    const Shape& shape = output.shape();
    shapes += (shapes.empty() ? "" : ", ") + format_shape(shape);
    const bool planes = shape.size() == 4 && shape[0] == 1 && shape[1] == 1;
    if (!planes || !is_floating_point(output.type()) || output.size() == 0) continue;
    if (found != nullptr)
      return fail("db-text: two outputs could be the text map; found {}", shapes);
    found = &output;
  }
  if (found == nullptr)
    return fail("db-text: expected one float output of shape 1x1xHxW, the text map; found {}",
                shapes);
  if (found->shape()[2] > 1 << 15 || found->shape()[3] > 1 << 15)
    return fail("db-text: a map of {} is too large", shapes);
  auto values = to_doubles(*found, "db-text");
  if (!values) return values.error();
  return Map{static_cast<int>(found->shape()[2]), static_cast<int>(found->shape()[3]),
             std::move(*values)};
}

// An 8-connected component of pixels above the threshold; the first and last pixel of each row are
// all that its hull needs.
struct Component {
  std::vector<Point> outline;
  size_t pixel_count = 0;
};

std::vector<Component> find_components(const Map& map, double threshold) {
  struct Extent {
    int first, last;
  };
  std::vector<char> open(map.values.size());
  for (size_t i = 0; i < open.size(); ++i) open[i] = map.values[i] > threshold;
  std::vector<Component> components;
  std::vector<size_t> stack;
  const auto width = static_cast<size_t>(map.width);
  for (size_t start = 0; start < open.size(); ++start) {
    if (!open[start]) continue;
    open[start] = 0;
    stack.push_back(start);
    Component component;
    const int top = static_cast<int>(start / width);
    std::vector<Extent> rows;
    while (!stack.empty()) {
      const int x = static_cast<int>(stack.back() % width),
                y = static_cast<int>(stack.back() / width);
      stack.pop_back();
      ++component.pixel_count;
      const auto row = static_cast<size_t>(y - top);
      if (rows.size() <= row) rows.resize(row + 1, {map.width, -1});
      rows[row] = {std::min(rows[row].first, x), std::max(rows[row].last, x)};
      for (int ny = std::max(0, y - 1); ny <= std::min(map.height - 1, y + 1); ++ny)
        for (int nx = std::max(0, x - 1); nx <= std::min(map.width - 1, x + 1); ++nx) {
          const size_t neighbour = static_cast<size_t>(ny) * width + static_cast<size_t>(nx);
          if (!open[neighbour]) continue;
          open[neighbour] = 0;
          stack.push_back(neighbour);
        }
    }
    for (size_t row = 0; row < rows.size(); ++row) {
      const double y = static_cast<double>(row) + top;
      component.outline.push_back({static_cast<double>(rows[row].first), y});
      component.outline.push_back({static_cast<double>(rows[row].last), y});
    }
    components.push_back(std::move(component));
  }
  return components;
}

// Mean of the map over the pixels of the polygon, its edges included, as cv2.fillPoly draws them:
// corners cut to whole pixels; a steep edge gives one pixel per row, a flat one the pixels whose
// column it crosses within half a row.
double mean_inside(const Map& map, const Quad& box) {
  const auto [left, right] =
      std::minmax_element(box.begin(), box.end(), [](auto& a, auto& b) { return a.x < b.x; });
  const auto [upper, lower] =
      std::minmax_element(box.begin(), box.end(), [](auto& a, auto& b) { return a.y < b.y; });
  const auto clamp_x = [&](double x) { return std::clamp(x, 0.0, map.width - 1.0); };
  const auto clamp_y = [&](double y) { return std::clamp(y, 0.0, map.height - 1.0); };
  const double x0 = clamp_x(std::floor(left->x)), x1 = clamp_x(std::ceil(right->x));
  const double y0 = clamp_y(std::floor(upper->y)), y1 = clamp_y(std::ceil(lower->y));
  Quad cut;
  for (size_t i = 0; i < 4; ++i)
    cut[i] = {std::trunc(box[i].x - x0) + x0, std::trunc(box[i].y - y0) + y0};

  double sum = 0;
  int64_t count = 0;
  for (double y = y0; y <= y1; ++y) {
    double first = INFINITY, last = -INFINITY;
    const auto include = [&](double x) { first = std::min(first, x), last = std::max(last, x); };
    for (size_t i = 0; i < 4; ++i) {
      Point a = cut[i], b = cut[(i + 1) % 4];
      if (a.y > b.y) std::swap(a, b);
      if (y < a.y || y > b.y) continue;
      if (a.y == b.y) {
        include(a.x), include(b.x);
        continue;
      }
      const double slope = (b.x - a.x) / (b.y - a.y), x = a.x + slope * (y - a.y);
      if (std::abs(slope) <= 1) {
        include(std::round(x));
        continue;
      }
      const double reach = std::abs(slope) / 2, low = std::min(a.x, b.x), high = std::max(a.x, b.x);
      include(std::ceil(std::max(low, x - reach)));
      include(std::floor(std::min(high, x + reach)));
    }
    first = std::max(first, x0), last = std::min(last, x1);
    for (double x = first; x <= last; ++x, ++count)
      sum += map.at(static_cast<int>(x), static_cast<int>(y));
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

std::optional<TextBox> box_of(const Component& component, const Map& map,
                              const DecoderOptions& options) {
  RotatedRect rect = min_area_rect(component.outline);
  const double min_size = options.at("min_size");
  if (std::min(rect.length, rect.breadth) < min_size) return std::nullopt;
  const double score = mean_inside(map, rect.corners());
  if (score < options.at("box_score")) return std::nullopt;
  const double distance =
      rect.length * rect.breadth * options.at("unclip_ratio") / (2 * (rect.length + rect.breadth));
  rect.length += 2 * distance;
  rect.breadth += 2 * distance;
  if (std::min(rect.length, rect.breadth) < min_size + 2) return std::nullopt;
  TextBox box{rect.corners(), static_cast<float>(score)};
  for (Point& corner : box.corners)
    corner = {std::clamp(corner.x, 0.0, static_cast<double>(map.width)),
              std::clamp(corner.y, 0.0, static_cast<double>(map.height))};
  return box;
}

Result<Decoded> decode(const RawOutputs& raw, const DecoderOptions& options) {
  const auto map = find_map(raw.outputs);
  if (!map) return map.error();
  std::vector<Component> components = find_components(*map, options.at("threshold"));
  // Of too many the largest stay, in their order: a noisy map drowns real lines in specks.
  const auto limit = static_cast<size_t>(options.at("max_candidates"));
  if (components.size() > limit) {
    std::stable_sort(
        components.begin(), components.end(),
        [](const Component& a, const Component& b) { return a.pixel_count > b.pixel_count; });
    components.resize(limit);
  }
  Decoded decoded;
  for (const Component& component : components)
    if (auto box = box_of(component, *map, options)) decoded.text_boxes.push_back(*box);
  return decoded;
}

}  // namespace

void register_evaluate_db_text(DecoderRegistry& registry) {
  registry.add(
      {.id = "db_text",
       .summary = "text lines from the probability map of a DB detector (PP-OCR det)",
       .produces = "text_boxes",
       .parameters = {{"threshold", "a pixel is text above this", 0.3, 0, 1},
                      {"box_score", "mean of the map inside a box, at least", 0.6, 0, 1},
                      {"unclip_ratio", "growth of a box: area * ratio / perimeter", 1.5, 0, 10},
                      {"max_candidates", "components looked at, largest first", 1000, 1, 1e6},
                      {"min_size", "shorter side in pixels, at least; 2 more after growing", 3, 0,
                       1000}},
       .decode = decode});
}

}  // namespace acuate
