#include "quantize/gradient.h"
#include "rewrite/resample.h"

namespace acuate {
namespace {

// Whether element i of the result is element i / (to / from).
bool repeats_evenly(const ResizeRule& rule, const ResizedAxis& axis) {
  if (rule.mode != "nearest" || axis.from == 0 || axis.to % axis.from != 0) return false;
  const std::vector<int64_t> indices = nearest_indices(rule, axis);
  for (size_t i = 0; i < indices.size(); ++i)
    if (indices[i] != static_cast<int64_t>(i) / (axis.to / axis.from)) return false;
  return true;
}

// Resize is linear, axis by axis: y = W x with W [to, from], so that g_x = Wᵀ g_y.
std::optional<std::string> resize(GradientContext& context) {
  if (!context.wants(0)) return std::nullopt;
  Shape shape = context.shape(context.output());
  Value* g = context.gradient();
  if (shape == context.shape(context.input(0))) {
    context.give(0, g);
    return std::nullopt;
  }
  ResizeRule rule;
  std::vector<ResizedAxis> axes;
  if (auto reason = read_resize(context.node(), context.constants(), rule, axes)) return reason;
  for (const ResizedAxis& axis : axes) {
    const auto at = static_cast<size_t>(axis.axis);
    int64_t outer = 1, inner = 1;
    for (size_t i = 0; i < at; ++i) outer *= shape[i];
    for (size_t i = at + 1; i < shape.size(); ++i) inner *= shape[i];
    shape[at] = axis.from;
    if (repeats_evenly(rule, axis)) {
      g = context.sum(context.reshape(g, {outer * axis.from, axis.to / axis.from, inner}), {1});
    } else {
      const std::vector<float> weights = resize_weights(rule, axis);
      Value* matrix = context.constant(
          Tensor::of<float>({axis.to, axis.from}, std::span<const float>(weights)));
      g = inner == 1 ? context.add("MatMul", {context.reshape(g, {outer, axis.to}), matrix})
                     : context.add("MatMul", {context.transpose(matrix, {1, 0}),
                                              context.reshape(g, {outer, axis.to, inner})});
    }
    g = context.reshape(g, shape);
  }
  context.give(0, g);
  return std::nullopt;
}

}  // namespace

void register_quantize_resizing(GradientRegistry& registry) {
  registry.add({.id = "resizing",
                .doc = "Resize and Upsample with known sizes, by any linear method",
                .operators = {{"Resize", resize}, {"Upsample", resize}}});
}

}  // namespace acuate
