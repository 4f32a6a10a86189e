#include <numeric>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"
#include "rewrite/resample.h"

namespace acuate {
namespace {

constexpr int64_t kLargest = int64_t{1} << 22;

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (node.input(0) == nullptr || node.input(0)->type.element != ElementType::Float)
    return "its elements are not float32";
  ResizeRule rule;
  std::vector<ResizedAxis> axes;
  if (auto reason = read_resize(node, context, rule, axes)) return reason;
  const int64_t rank = *rank_of(node.input(0));
  if (rank < 2) return "it has fewer than two dimensions";
  for (const ResizedAxis& axis : axes)
    if (axis.to > kLargest / axis.from) return "a matrix of its weights is too large";
  Expansion out(node, context);
  Value* y = node.input(0);
  for (const ResizedAxis& axis : axes) {
    const auto weights = resize_weights(rule, axis);
    if (axis.axis == rank - 2) {
      const Shape shape{axis.to, axis.from};
      y = out.add("MatMul", {out.constant(Tensor::of<float>(shape, std::span(weights))), y});
      continue;
    }
    Tensor turned = Tensor::allocate(ElementType::Float, {axis.from, axis.to});
    for (int64_t row = 0; row < axis.to; ++row)
      for (int64_t column = 0; column < axis.from; ++column)
        turned.mutable_values<float>()[static_cast<size_t>(column * axis.to + row)] =
            weights[static_cast<size_t>(row * axis.from + column)];
    std::vector<int64_t> exchanged(static_cast<size_t>(rank));
    std::iota(exchanged.begin(), exchanged.end(), 0);
    std::swap(exchanged[static_cast<size_t>(axis.axis)], exchanged.back());
    const bool is_last = axis.axis == rank - 1;
    if (!is_last) y = out.transpose(y, exchanged);
    y = out.add("MatMul", {y, out.constant(turned)});
    if (!is_last) y = out.transpose(y, exchanged);
  }
  return out.finish(y);
}

}  // namespace

void register_rewrite_legalize_resize_matmul(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_resize_matmul",
                .doc =
                    "Resize between known sizes, to the nearest, linear or cubic, becomes MatMul "
                    "with a constant matrix of weights for each axis (at most 2^22 numbers in it).",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= 2^-15 * max |x| for float32 of finite numbers: positions are "
                         "float32, and both ways of taking them round",
                .operators = {"Resize", "Upsample"},
                .uses = {"MatMul", "Transpose"},
                .rewrite = rewrite});
}

}  // namespace acuate
