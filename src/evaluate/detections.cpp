#include "evaluate/detections.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "evaluate/decoder.h"

namespace acuate {

Box box_of_center(double x, double y, double width, double height) {
  return {x - width / 2, y - height / 2, x + width / 2, y + height / 2};
}

double intersection(const Box& a, const Box& b) {
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

double box_iou(const Box& a, const Box& b) {
  const double common = intersection(a, b);
  const double united = a.area() + b.area() - common;
  return united > 0 ? common / united : 0;
}

std::vector<DecoderParameter> detection_parameters(std::vector<DecoderParameter> own) {
  own.push_back({"score", "a detection scores at least this", 0.01, 0, 1});
  own.push_back({"nms_iou", "of two of a class that overlap by more, the better stays", 0.6, 0, 1});
  own.push_back({"max_detections", "that stay on one image, the best", 100, 1, 1e6});
  return own;
}

std::vector<Detection> keep_best(std::vector<Detection> candidates, const DecoderOptions& options) {
  const double score = options.at("score"), nms_iou = options.at("nms_iou");
  const auto limit = static_cast<size_t>(options.at("max_detections"));
  std::erase_if(candidates, [&](const Detection& detection) {
    const Box& box = detection.box;
    const bool has_area = box.right > box.left && box.bottom > box.top;
    return !(detection.score >= score) || !has_area || !std::isfinite(box.area());
  });
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Detection& a, const Detection& b) { return a.score > b.score; });
  std::vector<Detection> kept;
  std::map<int64_t, std::vector<Box>> kept_of_category;
  for (const Detection& candidate : candidates) {
    if (kept.size() == limit) break;
    std::vector<Box>& others = kept_of_category[candidate.category];
    if (std::any_of(others.begin(), others.end(),
                    [&](const Box& other) { return box_iou(other, candidate.box) > nms_iou; }))
      continue;
    others.push_back(candidate.box);
    kept.push_back(candidate);
  }
  return kept;
}

}  // namespace acuate
