#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "numeric/encodings.h"

namespace acuate {

// Factors for the channels (axis 1) of an activation, or for its features (last axis) between a
// normalization and a matrix product; it is called `x_scaled` from then on.
struct ChannelScale {
  std::string tensor;  // its name before
  std::vector<float> scale;
  bool operator==(const ChannelScale&) const = default;
};

// A layer that became one for each part into which its results were sliced.
struct SplitLayer {
  std::string tensor;  // its results
  bool operator==(const SplitLayer&) const = default;
};

// Integers of a weight that are not the nearest ones: a character for each element, in the order of
// the tensor: `.` for the nearest, `a` to `z` for 1 to 26 steps above it, `A` to `Z` for below.
struct WeightRounding {
  std::string tensor;
  std::string steps;
  bool operator==(const WeightRounding&) const = default;
};

// The bias of a Conv or Gemm in place of the one that it has; one value for each channel.
struct NodeBias {
  std::string node;  // its address
  std::vector<float> bias;
  bool operator==(const NodeBias&) const = default;
};

// What recovery did to the float graph that it was given, so that the same can be done to it again
// (quantize/apply_changes.h): the channel scales, in this order, then the layers that were split,
// then the rounding, on the grids of the encodings, then the biases.
struct GraphChanges {
  std::vector<ChannelScale> channel_scales;
  std::vector<SplitLayer> split_layers;
  std::vector<WeightRounding> rounding;
  std::vector<NodeBias> biases;
  bool empty() const {
    return channel_scales.empty() && split_layers.empty() && rounding.empty() && biases.empty();
  }
  bool operator==(const GraphChanges&) const = default;
};

// `encodings.json` with the changes that make the encodings' float graph, a line for each.
std::string write_encodings(const Encodings& encodings, const GraphChanges& changes);
// The changes of such a file, which is read as strictly as by parse_encodings().
Result<GraphChanges> parse_graph_changes(std::string_view text, std::string_view file);

}  // namespace acuate
