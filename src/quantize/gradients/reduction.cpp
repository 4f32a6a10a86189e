#include <algorithm>

#include "quantize/gradient.h"

namespace acuate {
namespace {

// The result's shape with the reduced axes kept as 1; nothing where the axes are computed.
std::optional<Shape> kept_shape(const GradientContext& context) {
  const Node& node = context.node();
  Shape shape = context.shape(context.input(0));
  const auto rank = static_cast<int64_t>(shape.size());
  if (node.is_op("GlobalMaxPool")) {
    std::fill(shape.begin() + 2, shape.end(), 1);
    return shape;
  }
  const auto axes = ints_of(node, "axes", 1, context.constants());
  if (!axes) return std::nullopt;
  if (axes->empty() && node.int_attribute("noop_with_empty_axes", 0) == 0)
    return Shape(shape.size(), 1);
  for (const int64_t axis : *axes) shape[static_cast<size_t>(axis < 0 ? axis + rank : axis)] = 1;
  return shape;
}

double size_of(const Shape& shape) {
  double size = 1;
  for (const int64_t n : shape) size *= static_cast<double>(n);
  return size;
}

const std::string kComputedAxes = "its axes are computed";

std::optional<std::string> reduce_sum(GradientContext& context) {
  const auto kept = kept_shape(context);
  if (!kept) return kComputedAxes;
  const Shape in = context.shape(context.input(0));
  Value* g = context.reshape(context.gradient(), *kept);
  if (context.node().is_op("ReduceMean")) g = context.scale(g, size_of(*kept) / size_of(in));
  context.give(0, context.expand(g, in));
  return std::nullopt;
}

// To the largest (smallest) ones, in equal parts.
std::optional<std::string> reduce_extreme(GradientContext& context) {
  const auto kept = kept_shape(context);
  if (!kept) return kComputedAxes;
  std::vector<int64_t> axes;
  const Shape in = context.shape(context.input(0));
  for (size_t i = 0; i < in.size(); ++i)
    if ((*kept)[i] != in[i]) axes.push_back(static_cast<int64_t>(i));
  Value* y = context.reshape(context.output(), *kept);
  Value* g = context.reshape(context.gradient(), *kept);
  Value* chosen = context.mask(context.add("Equal", {context.input(0), y}));
  if (!axes.empty()) g = context.add("Div", {g, context.sum(chosen, axes)});
  context.give(0, context.multiply(chosen, g));
  return std::nullopt;
}

std::optional<std::string> reduce_l2(GradientContext& context) {
  const auto kept = kept_shape(context);
  if (!kept) return kComputedAxes;
  Value* ratio = context.add("Div", {context.reshape(context.gradient(), *kept),
                                     context.reshape(context.output(), *kept)});
  context.give(0, context.multiply(context.input(0), ratio));
  return std::nullopt;
}

}  // namespace

void register_quantize_reduction(GradientRegistry& registry) {
  registry.add({.id = "reduction",
                .doc = "sums, means, norms and extremes over axes",
                .operators = {{"GlobalMaxPool", reduce_extreme},
                              {"ReduceL2", reduce_l2},
                              {"ReduceMax", reduce_extreme},
                              {"ReduceMean", reduce_sum},
                              {"ReduceMin", reduce_extreme},
                              {"ReduceSum", reduce_sum}}});
}

}  // namespace acuate
