#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// Positive factors for the channels (axis 1) of an activation, by which the values are multiplied
// where they are made and divided where they are read, so that the network computes the same: the
// part of a float graph between convolutions which positive factors pass (Relu, pooling, products
// with a gate such as HardSwish's and Swish's), after Nagel et al., "Data-Free Quantization Through
// Weight Equalization and Bias Correction", 2019, section 4.1. Gates read the value divided again,
// which is one multiplication more; everything else is folded into weights and biases.
struct ChannelScaling {
  Value* tensor = nullptr;
  size_t channels = 0;
  std::vector<Value*> values;       // that carry the factors, the tensor among them
  std::vector<Node*> sources;       // convolutions that make scaled values
  std::vector<Node*> sinks;         // convolutions that read scaled values
  std::vector<Use> gates;           // that must see the value as it was
  std::vector<Node*> hard_swishes;  // to be written as x · HardSigmoid(x) first
};

// The region around `tensor`, an input of a depthwise convolution. Nothing where a factor would not
// pass: at a Clip, an addition, an output of the model, weights that are shared or computed, or a
// reader whose weights have one scale for many input channels.
std::optional<ChannelScaling> find_channel_scaling(Value& tensor);

// Multiplies the tensor by scale[c] > 0 in the model that holds it. New weights take the place of
// the old ones under their names; scaled values are called `x_scaled`, since a name means the same
// values in every form of a model. Errors: weights that cannot be read.
Result<void> apply_channel_scaling(const ChannelScaling& region, std::span<const float> scale);

}  // namespace acuate
