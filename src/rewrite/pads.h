#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/model.h"

namespace acuate {

// What a Pad does, read from any opset.
struct Pads {
  std::string mode = "constant";
  double value = 0;            // that it pads with in that mode
  std::vector<int64_t> sides;  // [begin…, end…] of all dimensions; negative: cropped
};

// The reason where it is not constant.
std::optional<std::string> read_pads(const Node& pad, size_t rank, Pads& pads);

}  // namespace acuate
