#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rewrite/pass.h"

namespace acuate {

// y' = y · scale[c] + shift[c] for each channel, in double precision.
struct ChannelMap {
  std::vector<double> scale, shift;

  explicit ChannelMap(int64_t channels)
      : scale(static_cast<size_t>(channels), 1.0), shift(static_cast<size_t>(channels), 0.0) {}
  bool is_finite() const;
  bool has_shift() const;
};

// An operator that sums products of its input with float32 weights that are constants, so that an
// affine map for each channel, before it or behind it, can go into the weights.
struct Linear {
  Node* node = nullptr;
  // Conv [M, C/group, …]; ConvTranspose [C, M/group, …]; Gemm [K, N], with transB [N, K];
  // MatMul [K, N]. Not read before it is changed: a weight may be large.
  Shape weight_shape;
  int64_t input_channels = 0;
  int64_t channels = 0;  // of the result
  size_t rank = 0;       // of the result
  size_t channel_axis = 1;
  // Why the weights must stay as they are: other nodes read them too, and they are larger than
  // PassContext::max_folded_bytes, so that a changed copy would grow the model. Mostly empty.
  std::string tied;
};

bool is_convolution(const Node& node);     // Conv, ConvTranspose
bool is_matrix_product(const Node& node);  // Gemm, MatMul

// The reason where the node is none of them.
std::optional<std::string> match_linear(Node* node, const PassContext& context, Linear& linear);

// What BatchNormalization computes at inference.
std::optional<std::string> batch_norm_map(const Node& node, int64_t channels, ChannelMap& map);

// What Mul, Div, Add or Sub with a constant computes on a tensor [N, C, …] of `rank` dimensions;
// `data` becomes the other operand. An empty reason where the node is none of them or has no such
// operand.
std::optional<std::string> elementwise_map(const Node& node, int64_t channels, size_t rank,
                                           size_t channel_axis, ChannelMap& map, Value*& data);

// The node maps what `linear` gives, and nothing else reads that: the map goes into weights and
// bias, and the node away.
std::optional<std::string> fuse_behind(Linear& linear, Node& node, const ChannelMap& map);

// The map of a Conv's input channels goes into weights and bias; what computed it is the caller's
// to take away. A shift is right only where the Conv does not pad: padding puts zeros beside it.
std::optional<std::string> change_inputs(Linear& conv, const ChannelMap& map);
bool has_padding(const Node& conv);

// Mul, Div, Add or Sub by a constant behind a node that `is_linear` takes goes into that one's
// weights and bias. Nothing where it did, else the reason, as for a local pass.
std::optional<std::string> fuse_constant_behind(Node& node, bool (*is_linear)(const Node&),
                                                const PassContext& context);

}  // namespace acuate
