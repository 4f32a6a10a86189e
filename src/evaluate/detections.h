#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace acuate {

class DecoderOptions;
struct DecoderParameter;

// Corners in pixels of the network's input, where pixel i covers [i, i + 1).
struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;

  double area() const { return (right - left) * (bottom - top); }
  bool operator==(const Box&) const = default;
};

Box box_of_center(double x, double y, double width, double height);
double intersection(const Box& a, const Box& b);
// Intersection over union; 0 where the union has no area.
double box_iou(const Box& a, const Box& b);

struct Detection {
  Box box;
  float score = 0;
  int64_t category = 0;
};

// The decoder's own parameters followed by those that every detector has: `score`, `nms_iou`,
// `max_detections`.
std::vector<DecoderParameter> detection_parameters(std::vector<DecoderParameter> own);

// Greedy non-maximum suppression within each class: by falling score (equal ones in the order
// given), a detection goes that overlaps a kept one of its class by more than `nms_iou`; those
// below `score` and those without area or with a corner that is not finite go first; at most
// `max_detections` stay, over all classes. Time: candidates times kept.
std::vector<Detection> keep_best(std::vector<Detection> candidates, const DecoderOptions& options);

}  // namespace acuate
