#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "evaluate/detections.h"

namespace acuate {

// An object that labels say is there.
struct TruthBox {
  Box box;
  int64_t category = 0;   // as the network counts them
  bool is_crowd = false;  // COCO's iscrowd: many objects in one box; finding it counts neither way
};

// What labels say of one sample.
struct Truth {
  std::optional<int64_t> category = {};
  std::vector<TruthBox> boxes = {};  // in the network's input, as detections are
  std::optional<Box> frame = {};     // where the image lies in the network's input; none: all of it
};

}  // namespace acuate
