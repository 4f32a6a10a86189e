#pragma once

#include <vector>

#include "data/image.h"
#include "evaluate/decoder.h"
#include "evaluate/geometry.h"

namespace acuate {

// Centres of an SSD head's anchors in pixels, in the order of its rows: a layer of stride s puts
// `anchors_per_layer` at the centre of each cell of s pixels, layers of equal stride in a row share
// the cells (`strides`).
std::vector<Point> ssd_anchors(const ImageSize& input, const DecoderOptions& options);

}  // namespace acuate
