#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rewrite/legalizer.h"

namespace acuate {

// One axis that a Resize or Upsample changes.
struct ResizedAxis {
  int64_t axis = 0, from = 0, to = 0;  // sizes
  float scale = 1;                     // as the operator uses it
};

// How positions are mapped; of Resize (opset 10 to 19) and Upsample.
struct ResizeRule {
  std::string mode;         // nearest, linear, cubic
  std::string coordinates;  // half_pixel, …
  std::string nearest;      // round_prefer_floor, …
  float cubic_a = -0.75F;
  bool exclude_outside = false;
};

// Both of a node with constant sizes or scales, for the axes whose scale is not 1. The reason where
// a size is not known or something is asked that is not written out: antialias, a region of
// interest, an aspect ratio that is kept.
std::optional<std::string> read_resize(const Node& node, const LegalizeContext& context,
                                       ResizeRule& rule, std::vector<ResizedAxis>& axes);

// Where each element of the result comes from. Computed in float32, as ONNX Runtime does, so that
// ties fall on the same side.
std::vector<int64_t> nearest_indices(const ResizeRule& rule, const ResizedAxis& axis);

// [to, from]: what each element of the result takes of each element (ONNX Resize; Keys, "Cubic
// convolution interpolation", 1981, equation 4).
std::vector<float> resize_weights(const ResizeRule& rule, const ResizedAxis& axis);

}  // namespace acuate
