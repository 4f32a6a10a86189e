// Where data of small tensors begins: Shape, Size, Constant.
#include <algorithm>

#include "shape/axes.h"

namespace acuate {
namespace {

bool infer_shape(RuleContext& context) {
  const Dims* shape = context.shape(0);
  if (shape == nullptr) {
    context.set(0, ElementType::Int64, Dims{Expr::unknown()});
    return true;
  }
  const auto rank = static_cast<int64_t>(shape->size());
  const auto position = [&](std::string_view name, int64_t fallback) {
    const int64_t value = context.int_attribute(name, fallback);
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  const int64_t start = position("start", 0), end = std::max(start, position("end", rank));
  context.set(0, ElementType::Int64, Dims{end - start});
  context.set_data(0, {{shape->begin() + start, shape->begin() + end}});
  return true;
}

bool infer_size(RuleContext& context) {
  context.set(0, ElementType::Int64, Dims{});
  if (const Dims* shape = context.shape(0)) context.set_data(0, {{product(*shape)}});
  return true;
}

}  // namespace

void register_shape_shape_data(ShapeFamilyRegistry& registry) {
  registry.add({.id = "shape_data",
                .doc = "Shape and Size, where data of small tensors begins",
                .operators = {{"", "Shape", true, infer_shape}, {"", "Size", true, infer_size}}});
}

}  // namespace acuate
