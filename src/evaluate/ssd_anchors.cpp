#include "evaluate/ssd_anchors.h"

#include <cmath>

namespace acuate {

std::vector<Point> ssd_anchors(const ImageSize& input, const DecoderOptions& options) {
  std::vector<Point> points;
  const std::vector<double>& strides = options.list("strides");
  for (size_t layer = 0; layer < strides.size();) {
    size_t end = layer;
    while (end < strides.size() && strides[end] == strides[layer]) ++end;
    const auto of_cell = static_cast<size_t>(options.at("anchors_per_layer")) * (end - layer);
    const double stride = strides[layer];
    for (double y = 0; y < std::ceil(input.height / stride); ++y)
      for (double x = 0; x < std::ceil(input.width / stride); ++x)
        points.insert(points.end(), of_cell, {(x + 0.5) * stride, (y + 0.5) * stride});
    layer = end;
  }
  return points;
}

}  // namespace acuate
