#include <numeric>

#include "quantize/gradient.h"

namespace acuate {
namespace {

std::optional<std::string> reshape(GradientContext& context) {
  if (context.wants(0))
    context.give(0, context.reshape(context.gradient(), context.shape(context.input(0))));
  return std::nullopt;
}

std::optional<std::string> pass_on(GradientContext& context) {
  if (context.node().is_op("Dropout") && context.input(2) != nullptr)
    return "it may be in training mode";
  if (context.wants(0)) context.give(0, context.gradient());
  return std::nullopt;
}

std::optional<std::string> expand(GradientContext& context) {
  if (context.wants(0))
    context.give(0, context.sum_to(context.gradient(), context.shape(context.output()),
                                   context.shape(context.input(0))));
  return std::nullopt;
}

std::optional<std::string> transpose(GradientContext& context) {
  const size_t rank = context.shape(context.input(0)).size();
  std::vector<int64_t> permutation = context.node().ints_attribute("perm");
  if (permutation.size() != rank) {
    permutation.resize(rank);
    std::iota(permutation.rbegin(), permutation.rend(), 0);
  }
  std::vector<int64_t> inverse(rank);
  for (size_t i = 0; i < rank; ++i)
    inverse[static_cast<size_t>(permutation[i])] = static_cast<int64_t>(i);
  context.give(0, context.transpose(context.gradient(), inverse));
  return std::nullopt;
}

// [N, C, H·b, W·b] from [N, C·b·b, H, W], whose channels are [b, b, C] (DCR) or [C, b, b] (CRD).
std::optional<std::string> depth_to_space(GradientContext& context) {
  const int64_t block = context.node().int_attribute("blocksize", 1);
  if (context.node().string_attribute("mode", "DCR") == "DCR") {
    context.give(0, context.add("SpaceToDepth", {context.gradient()}, {{"blocksize", block}}));
    return std::nullopt;
  }
  const Shape in = context.shape(context.input(0)), out = context.shape(context.output());
  Value* apart = context.reshape(context.gradient(), {out[0], out[1], in[2], block, in[3], block});
  context.give(0, context.reshape(context.transpose(apart, {0, 1, 3, 5, 2, 4}), in));
  return std::nullopt;
}

std::optional<std::string> space_to_depth(GradientContext& context) {
  context.give(0, context.add("DepthToSpace", {context.gradient()},
                              {{"blocksize", context.node().int_attribute("blocksize", 1)},
                               {"mode", std::string_view("DCR")}}));
  return std::nullopt;
}

std::optional<std::string> tile(GradientContext& context) {
  if (!context.wants(0)) return std::nullopt;
  const Shape in = context.shape(context.input(0)), out = context.shape(context.output());
  Shape apart;
  std::vector<int64_t> axes;
  for (size_t i = 0; i < in.size(); ++i) {
    if (in[i] != out[i]) {
      axes.push_back(static_cast<int64_t>(apart.size()));
      apart.push_back(in[i] == 0 ? 0 : out[i] / in[i]);
    }
    apart.push_back(in[i]);
  }
  Value* g = context.gradient();
  if (!axes.empty()) g = context.reshape(context.sum(context.reshape(g, apart), axes), in);
  context.give(0, g);
  return std::nullopt;
}

}  // namespace

void register_quantize_reshaping(GradientRegistry& registry) {
  registry.add({.id = "reshaping",
                .doc = "elements in another order or shape, or repeated",
                .operators = {{"Cast", pass_on},
                              {"DepthToSpace", depth_to_space},
                              {"Dropout", pass_on},
                              {"Expand", expand},
                              {"Flatten", reshape},
                              {"Identity", pass_on},
                              {"Reshape", reshape},
                              {"SpaceToDepth", space_to_depth},
                              {"Squeeze", reshape},
                              {"Tile", tile},
                              {"Transpose", transpose},
                              {"Unsqueeze", reshape}}});
}

}  // namespace acuate
