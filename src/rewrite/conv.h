#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/model.h"

namespace acuate {

// A Conv or ConvTranspose whose float32 weights are constants that nothing else reads, so that a
// per-channel affine map y' = y · scale[c] + shift[c] behind it can go into them.
struct FusibleConv {
  Node* node = nullptr;
  Tensor weight;  // Conv [M, C/group, …]; ConvTranspose [C, M/group, …]
  int64_t channels = 0;
};
// The reason where it is not one.
std::optional<std::string> match_conv(Node* node, FusibleConv& conv);

// Multiplies the weights and maps the bias, in double precision with one rounding each; `scale` and
// `shift` have one value for each output channel.
void apply_affine(FusibleConv& conv, std::span<const double> scale, std::span<const double> shift);

// One value for each of `channels` from a constant that broadcasts along [N, C, …] of `rank`
// dimensions; nothing where it varies along another axis.
std::optional<std::vector<double>> per_channel(const Tensor& constant, int64_t channels,
                                               size_t rank);

}  // namespace acuate
